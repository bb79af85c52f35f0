import { readSecretFile } from '@app/config';

const CHECK_EVERY_MS = 1000;

export interface RotatingUrlOptions {
  /** Of the URL, for the log: `DATABASE_URL`. */
  variable: string;
  url: string;
  /** The file that the URL was read from, if any. */
  file: string | undefined;
  /** Why a new URL cannot be used, in words, or null: tries it. Holds no secret. */
  faultOf: (candidate: string) => Promise<string | null>;
  /** Called when a new URL is in use; the result is logged after "reloaded from its file: ". */
  adopt: (candidate: string, previous: string) => string;
  /** Receives one line per change of state, for the log. */
  report: (line: string) => void;
}

/**
 * The URL of a store. If it was read from a file, the file is read every second, so that a rotated password, or a move to
 * another host, needs no restart. A new URL is adopted once it has been seen to work: until then the previous one stays
 * in use, so a half-finished rotation fails nothing that the previous URL would have served.
 */
export class RotatingUrl {
  private readonly timer: NodeJS.Timeout | undefined;
  private current: string;
  private checking = false;
  /** Why the content of the file is not used; reported once per change. */
  private refusal: string | undefined;

  constructor(private readonly options: RotatingUrlOptions) {
    this.current = options.url;
    const { file } = options;
    if (file !== undefined) this.timer = setInterval(() => void this.check(file), CHECK_EVERY_MS).unref();
  }

  get value(): string {
    return this.current;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async check(file: string): Promise<void> {
    if (this.checking) return;
    this.checking = true;
    try {
      const candidate = readSecretFile(file) ?? '';
      if (candidate === this.current) this.refusal = undefined;
      else await this.consider(candidate);
    } finally {
      this.checking = false;
    }
  }

  private async consider(candidate: string): Promise<void> {
    const { variable, faultOf, adopt, report } = this.options;
    const fault = candidate === '' ? 'the file is missing or empty' : await faultOf(candidate);
    if (fault === null) {
      const previous = this.current;
      this.current = candidate;
      report(`${variable} reloaded from its file: ${adopt(candidate, previous)}`);
    } else if (fault !== this.refusal) {
      report(`${variable}_FILE changed, but its content is not used: ${fault}; the previous URL stays in use`);
    }
    this.refusal = fault ?? undefined;
  }
}
