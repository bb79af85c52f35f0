/** One time limit for all steps of an attempt. It ends early when the caller's signal aborts. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #abort = (): void => {
    this.#controller.abort();
  };

  constructor(
    ms: number,
    readonly caller?: AbortSignal,
  ) {
    this.#timer = setTimeout(this.#abort, ms);
    caller?.addEventListener('abort', this.#abort, { once: true });
    if (caller?.aborted === true) this.#abort();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Settles like `work`, but rejects immediately when the deadline passes: undici alone would keep connecting. */
  bound<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const over = (): void => {
        reject(new Error('deadline exceeded'));
      };
      if (this.signal.aborted) over();
      this.signal.addEventListener('abort', over, { once: true });
      work.then(resolve, reject);
    });
  }

  get abortedByCaller(): boolean {
    return this.caller?.aborted === true;
  }

  /** Must be called, since the caller's signal may live as long as the process. */
  clear(): void {
    clearTimeout(this.#timer);
    this.caller?.removeEventListener('abort', this.#abort);
  }
}
