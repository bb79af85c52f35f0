/** Refusals of the console that the public API does not know. */
const CODES = {
  'console-read-only': { status: 403, title: 'The console is read-only' },
  'session-changed': { status: 409, title: 'The session was changed meanwhile' },
} as const;

/** Thrown in the console to answer with a problem document of its own. */
export class ConsoleError extends Error {
  /** @param shown more for the page, such as the session as it is now */
  constructor(
    readonly code: keyof typeof CODES,
    detail: string,
    private readonly shown: object = {},
  ) {
    super(detail);
    this.name = new.target.name;
  }

  render(requestId: string) {
    const { status, title } = CODES[this.code];
    const type = `urn:watchtogether:console:${this.code}`;
    return {
      status,
      document: { type, title, status, detail: this.message, code: this.code, requestId, ...this.shown },
    };
  }
}
