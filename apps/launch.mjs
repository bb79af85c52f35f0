// How every process starts: this is dist/apps/<app>/main.js. It has no imports and nothing newer than ES2022 in it, so
// that a Node that is too old gets as far as being told.
const REQUIRED_NODE_MAJOR = 24;

if (Number.parseInt(process.versions.node, 10) < REQUIRED_NODE_MAJOR) {
  const app = new URL('.', import.meta.url).pathname.split('/').at(-2);
  const needed = `watchtogether ${app} needs Node ${REQUIRED_NODE_MAJOR} or newer`;
  console.error(`${needed}; this is ${process.version} (${process.execPath}). See https://nodejs.org`);
  process.exit(1);
}

// The lines of stack traces are those of the sources, however the process was started.
process.setSourceMapsEnabled(true);
await import(new URL('app.js', import.meta.url).href);
