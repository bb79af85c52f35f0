/** Does it every `everyMs`, for `forMs`: for what must hold all the time and not just once. */
export async function repeatedly(everyMs: number, forMs: number, action: () => Promise<void>): Promise<void> {
  const end = performance.now() + forMs;
  while (performance.now() < end) {
    await action();
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** Asks again until the assertion holds; fails with its last error when `deadlineMs` is over. */
export async function eventually<T>(assertion: () => T | Promise<T>, deadlineMs = 20_000): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
