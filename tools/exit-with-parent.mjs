// Preloaded into each process that start.mjs starts. They sit in sessions of their own, where Ctrl-C does not reach
// them; should the launcher die without stopping them (kill -9 too), the channel to it closes, and they stop orderly.
const HARD_EXIT_MS = 10_000;

if (process.channel) {
  process.once('disconnect', () => {
    setTimeout(() => process.exit(1), HARD_EXIT_MS).unref();
    process.kill(process.pid, 'SIGTERM');
  });
  // Listening for `disconnect` would otherwise keep a process alive that has nothing more to do.
  process.channel.unref();
}
