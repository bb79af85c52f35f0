/** Interval between lines if the output is not a terminal, in ms. */
const LINE_EVERY_MS = 2000;

interface Screen {
  isTTY?: boolean;
  write(text: string): unknown;
}

/** Progress of a long command: a line that is overwritten in a terminal, or a line every 2 s elsewhere. */
export class Progress {
  private written = -Infinity;
  private last = '';

  /** @param what unit of `total`, such as `tokens` */
  constructor(
    private readonly what: string,
    private readonly total: number,
    private readonly screen: Screen = process.stderr,
  ) {}

  at(done: number): void {
    const total = Math.max(done, this.total);
    this.last = `${String(done)} of ${String(total)} ${this.what}`;
    if (this.screen.isTTY) this.screen.write(`\r\x1B[K${this.last}`);
    else if (performance.now() - this.written >= LINE_EVERY_MS) this.line();
  }

  end(): void {
    if (this.screen.isTTY) this.screen.write('\n');
    else if (this.last !== '') this.line();
  }

  private line(): void {
    this.screen.write(`${this.last}\n`);
    this.last = '';
    this.written = performance.now();
  }
}
