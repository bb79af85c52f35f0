import { keysNamespaces, processEnvironment, readSettings } from '@app/config';
import { ApiKeysRepository, type ListedApiKey } from '@app/entities';
import { StartupError, isScope, newApiKey, parseApiKey, SCOPES } from '@app/kernel';
import { type Command, InvalidArgumentError } from 'commander';
import { seconds } from '../seconds.js';
import { table } from '../table.js';
import { withApp } from '../with-app.js';

const DAY_S = 86_400;

/** API keys: made here, shown once, kept as a hash. */
export function addKeys(program: Command): void {
  const keys = program.command('keys').description('API keys of the customer’s servers');
  keys
    .command('create')
    .description('makes a key and shows it, this once, on a line of its own')
    .requiredOption('--name <name>', 'what it is for', name)
    .requiredOption('--scopes <scopes>', `comma-separated, of ${SCOPES.join(', ')}`, scopes)
    .option('--expires <duration>', 'how long it lives, such as 90d, 12h', seconds)
    .option('--rate <n>', 'requests that it may send in a second; without it as many as it likes', rate)
    .option('--json', 'as one JSON object')
    .action(create);
  keys.command('list').description('every key, without its secret').option('--json', 'as a JSON array').action(list);
  keys
    .command('rotate')
    .description('makes a key with the same name, scopes and rate; the old one ends after the overlap')
    .argument('<id>')
    .option('--overlap <duration>', 'how long both work', seconds, DAY_S)
    .option('--json', 'as one JSON object')
    .action(rotate);
  keys
    .command('revoke')
    .description('ends a key for good, within 5 s on every gateway')
    .argument('<id>')
    .action(revoke);
}

async function create(options: { name: string; scopes: string[]; expires?: number; rate?: number; json?: true }) {
  const { key, id, secretSha256 } = made();
  await withKeys((repository) =>
    repository.ensure(
      { id, secretSha256, name: options.name, scopes: options.scopes, ratePerS: options.rate ?? null },
      options.expires ?? null,
    ),
  );
  show(id, key, options.json);
}

async function list({ json }: { json?: true }) {
  const listed = await withKeys((repository) => repository.list());
  if (json) process.stdout.write(`${JSON.stringify(listed, null, 2)}\n`);
  else process.stdout.write(listed.length === 0 ? 'There are no keys.\n' : table(HEADINGS, listed.map(rowOf)));
}

async function rotate(id: string, { overlap, json }: { overlap: number; json?: true }) {
  const next = made();
  const done = await withKeys((repository) => repository.rotate(id, next, overlap));
  if (!done) throw new StartupError(`There is no usable key ${shown(id)}`);
  show(next.id, next.key, json);
  process.stderr.write(`The old key ${id} works for ${String(overlap)} s more.\n`);
}

async function revoke(id: string) {
  const done = await withKeys((repository) => repository.revoke(id));
  if (!done) throw new StartupError(`There is no key ${shown(id)}`);
  process.stdout.write(`The key ${id} is revoked. Every gateway refuses it within 5 s.\n`);
}

function made() {
  const key = newApiKey();
  const kept = parseApiKey(key);
  if (kept === null) throw new Error('a key of ours is no key');
  return { key, ...kept };
}

/** The key alone goes to the standard output, so that it can be piped to where secrets are kept. */
function show(id: string, key: string, json: true | undefined): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ id, key })}\n`);
    return;
  }
  process.stderr.write(`The key ${id}. It is shown this once:\n`);
  process.stdout.write(`${key}\n`);
}

/** Somebody may give the whole key where its id is asked for: it must not be repeated. */
function shown(id: string): string {
  return /^[a-z0-9]{1,16}$/.test(id) ? id : 'of this id (an id is the part between wtk_ and the next _)';
}

const HEADINGS = ['id', 'name', 'state', 'scopes', 'rate', 'created', 'expires', 'last used'];

function rowOf(key: ListedApiKey): string[] {
  const { id, state, ratePerS, createdAt, expiresAt, lastUsedAt } = key;
  const rate = ratePerS === null ? '-' : `${String(ratePerS)}/s`;
  return [id, key.name, state, key.scopes.join(','), rate, ...[createdAt, expiresAt, lastUsedAt].map(minute)];
}

function minute(date: Date | null): string {
  return date === null ? '-' : date.toISOString().slice(0, 16).replace('T', ' ');
}

function withKeys<T>(work: (repository: ApiKeysRepository) => Promise<T>): Promise<T> {
  const settings = readSettings(keysNamespaces, processEnvironment());
  return withApp(settings, [], (app) => work(app.get(ApiKeysRepository)));
}

function name(text: string): string {
  if (/^[\p{L}\p{N}][\p{L}\p{N} ._:@/-]{0,63}$/u.test(text)) return text;
  throw new InvalidArgumentError('1 to 64 letters, digits, spaces and . _ : @ / -');
}

function scopes(text: string): string[] {
  const names = [...new Set(text.split(',').map((part) => part.trim()))];
  if (names.every(isScope)) return names;
  throw new InvalidArgumentError(`known scopes are ${SCOPES.join(', ')}`);
}

function rate(text: string): number {
  const n = Number(text);
  if (/^\d{1,6}$/.test(text) && n >= 1) return n;
  throw new InvalidArgumentError('a whole number from 1 to 999999');
}
