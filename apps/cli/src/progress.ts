/** Where nobody looks on, a line this often, in ms. */
const LINE_EVERY_MS = 2000;

interface Screen {
  isTTY?: boolean;
  write(text: string): unknown;
}

/** How far a long command is: one line that is written over in a terminal, and now and then a line elsewhere. */
export class Progress {
  private written = -Infinity;
  private last = '';

  /** `what`: of what there are `total`, such as tokens. */
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
