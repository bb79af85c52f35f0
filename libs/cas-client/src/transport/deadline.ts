/** One time limit over all that an attempt does, ended early when the caller's signal aborts. */
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

  /** Settles as `work` does, but rejects at once when the time is over: undici alone would go on connecting. */
  bound<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const over = (): void => {
        reject(new Error('over'));
      };
      if (this.signal.aborted) over();
      this.signal.addEventListener('abort', over, { once: true });
      work.then(resolve, reject);
    });
  }

  get abortedByCaller(): boolean {
    return this.caller?.aborted === true;
  }

  /** Must be called: the caller's signal may live as long as the process. */
  clear(): void {
    clearTimeout(this.#timer);
    this.caller?.removeEventListener('abort', this.#abort);
  }
}
