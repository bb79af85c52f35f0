// The options of npm run simulate.
import { parseArgs } from 'node:util';
import { ToolError } from '../steps.mjs';
import { MEASURED_PRODUCTS } from './costs.mjs';

const NUMBERS = {
  rooms: { least: 1, most: 1e8, default: 10_000, whole: true, text: 'rooms that are opened' },
  seconds: { least: 1, most: 86_400, default: 300, text: 'time within which they are opened' },
  'cas-ms': { least: 0, most: 60_000, default: 150, text: 'latency of CAS' },
  'cas-rps': { least: 0, most: 1e7, default: 0, text: 'calls per second that CAS allows; 0 is no limit' },
  products: { least: 1, most: 2, default: 2, whole: true, text: 'products of a room, each one call to CAS' },
  pool: {
    least: 0,
    most: 1e8,
    default: 0,
    whole: true,
    text: 'sets in the warm pool, which the first rooms take: they wait for no worker and no CAS',
  },
  joiners: {
    least: 0,
    most: 10_000,
    default: 0,
    whole: true,
    text: 'clients beside the first that wait for each room',
  },
  reads: { least: 0, most: 10_000, default: 0, whole: true, text: 'reads of each room once it is ready' },
  sse: { least: 0, most: 10_000, default: 0, whole: true, text: 'SSE connections of each room' },
  gateways: { least: 1, most: 100_000, default: 2, whole: true, text: 'processes, a core each' },
  workers: { least: 1, most: 100_000, default: 2, whole: true, text: 'processes, a core each' },
  concurrency: { least: 1, most: 10_000, default: 50, whole: true, text: 'MINT_CONCURRENCY of a worker' },
  'postgres-cores': { least: 1, most: 100_000, default: 4, whole: true, text: 'cores of Postgres' },
  'redis-shards': { least: 1, most: 10_000, default: 1, whole: true, text: 'servers of Redis, a core each' },
  'shared-cores': {
    least: 0,
    most: 1024,
    default: 0,
    whole: true,
    text: 'everything, clients too, on one machine; 0 is apart',
  },
  'in-flight': {
    least: 0,
    most: 1e6,
    default: 0,
    whole: true,
    text: 'as a load generator: the next opens when one is ready',
  },
  seed: { least: 0, most: 2 ** 32 - 1, default: 1, whole: true, text: 'of the randomness' },
};
const WORDS = { shape: ['kick-off', 'even'], queue: ['redis', 'postgres'] };

export const USAGE = [
  'npm run simulate -- [options]',
  ...Object.entries(NUMBERS).map(([name, of]) => `  --${name.padEnd(15)} ${of.text} (${of.default})`),
  ...Object.entries(WORDS).map(([name, [first, other]]) => `  --${name.padEnd(15)} ${first} (default) or ${other}`),
  '  --json            the result as JSON',
].join('\n');

/** The plan that the arguments describe. Throws a sentence for each that cannot be used. */
export function planOf(args) {
  const names = [...Object.keys(NUMBERS), ...Object.keys(WORDS)];
  let values;
  try {
    const options = Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
    ({ values } = parseArgs({ args, options: { ...options, json: { type: 'boolean' }, help: { type: 'boolean' } } }));
  } catch (error) {
    throw new ToolError(`${error.message}\n${USAGE}`);
  }
  const faults = [];
  const plan = { json: values.json === true, help: values.help === true, measuredProducts: MEASURED_PRODUCTS };
  for (const [name, { least, most, whole, default: standard }] of Object.entries(NUMBERS)) {
    const value = values[name] === undefined ? standard : values[name].trim() === '' ? NaN : Number(values[name]);
    if (!(value >= least && value <= most) || (whole && !Number.isInteger(value)))
      faults.push(
        `--${name} must be a ${whole ? 'whole number' : 'number'} from ${least} to ${most}, not "${values[name]}"`,
      );
    plan[camelCase(name)] = value;
  }
  for (const [name, words] of Object.entries(WORDS)) {
    plan[name] = values[name] ?? words[0];
    if (!words.includes(plan[name])) faults.push(`--${name} must be ${words.join(' or ')}, not "${values[name]}"`);
  }
  if (faults.length > 0) throw new ToolError(faults.join('\n'));
  return plan;
}

function camelCase(name) {
  return name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
}
