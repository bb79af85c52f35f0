// node tools/bench-profile.mjs FILE.cpuprofile…: the busy time of a process by package and folder, from a profile of
// `npm run bench -- --profile DIR`. The bundles say in which line each module begins.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MODULE = /^ *(?:"|\/\/ .*CONCATENATED MODULE: |;\/\/ .*MODULE: )\.\/((?:node_modules|apps|libs)\/[^" ]+)/;
const SHOWN = 22;
const beginnings = new Map();

/** Line and module, in order, of a bundle. */
function modulesOf(url) {
  if (!beginnings.has(url)) {
    const lines = readFileSync(fileURLToPath(url), 'utf8').split('\n');
    const found = lines.flatMap((line, number) => {
      const [, path] = MODULE.exec(line) ?? [];
      return path === undefined ? [] : { number, path };
    });
    beginnings.set(url, found);
  }
  return beginnings.get(url);
}

function placeOf({ url, lineNumber, functionName }) {
  if (functionName === '(garbage collector)') return 'garbage collector';
  if (url.startsWith('node:')) return url.split('/').slice(0, 2).join('/');
  if (!url.startsWith('file:')) return functionName === '(program)' ? 'native code' : 'V8 and built-ins';
  const path = modulesOf(url).findLast(({ number }) => number <= lineNumber)?.path ?? 'bundle';
  const depth = path.startsWith('node_modules/@') || /^(?:apps|libs)\//.test(path) ? 3 : 2;
  const [, ...names] = path.startsWith('node_modules/')
    ? path.split('/').slice(0, depth)
    : ['', path.replace(/\/[^/]+$/, '')];
  return names.join('/').replace('/src', '');
}

for (const file of process.argv.slice(2)) {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8'));
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const busy = new Map();
  for (const [i, id] of samples.entries()) {
    const frame = frames.get(id);
    if (frame.functionName === '(idle)' || frame.functionName === '(root)') continue;
    const place = placeOf(frame);
    busy.set(place, (busy.get(place) ?? 0) + timeDeltas[i] / 1e6);
  }
  const total = [...busy.values()].reduce((sum, seconds) => sum + seconds, 0);
  console.log(`\n${file}: ${total.toFixed(1)} s busy`);
  for (const [place, seconds] of [...busy].sort((a, b) => b[1] - a[1]).slice(0, SHOWN)) {
    console.log(`  ${((seconds / total) * 100).toFixed(1).padStart(5)} %  ${place}`);
  }
}
