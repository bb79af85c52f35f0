import { keysNamespaces, processEnvironment, readSettings } from '@app/config';
import { ApiKeysRepository, type ListedApiKey } from '@app/entities';
import { StartupError, isScope, newApiKey, parseApiKey, SCOPES } from '@app/kernel';
import { type Command, InvalidArgumentError } from 'commander';
import { seconds } from '../seconds.js';
import { table } from '../table.js';
import { withApp } from '../with-app.js';

const DAY_S = 86_400;

/** API keys: generated here, shown once, stored as a hash. */
export function addKeys(program: Command): void {
  const keys = program.command('keys').description('manage API keys');
  keys
    .command('create')
    .description('create a key and print it once, on a line of its own')
    .requiredOption('--name <name>', 'purpose of the key', name)
    .requiredOption('--scopes <scopes>', `comma-separated: ${SCOPES.join(', ')}`, scopes)
    .option('--expires <duration>', 'lifetime, such as 90d or 12h (default: unlimited)', seconds)
    .option('--rate <n>', 'maximum requests per second (default: unlimited)', rate)
    .option('--json', 'print a JSON object')
    .action(create);
  keys
    .command('list')
    .description('list all keys, without their secrets')
    .option('--json', 'print a JSON array')
    .action(list);
  keys
    .command('rotate')
    .description('create a key with the same name, scopes and rate; the old key expires after the overlap')
    .argument('<id>')
    .option('--overlap <duration>', 'how long both keys are valid', seconds, DAY_S)
    .option('--json', 'print a JSON object')
    .action(rotate);
  keys
    .command('revoke')
    .description('revoke a key permanently; every gateway rejects it within 5 s')
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
  else process.stdout.write(listed.length === 0 ? 'No keys found.\n' : table(HEADINGS, listed.map(rowOf)));
}

async function rotate(id: string, { overlap, json }: { overlap: number; json?: true }) {
  const next = made();
  const done = await withKeys((repository) => repository.rotate(id, next, overlap));
  if (!done) throw new StartupError(`No usable API key ${shown(id)}`);
  show(next.id, next.key, json);
  process.stderr.write(`The old key ${id} expires in ${String(overlap)} s.\n`);
}

async function revoke(id: string) {
  const done = await withKeys((repository) => repository.revoke(id));
  if (!done) throw new StartupError(`No API key ${shown(id)}`);
  process.stdout.write(`Key ${id} revoked. Every gateway rejects it within 5 s.\n`);
}

function made() {
  const key = newApiKey();
  const kept = parseApiKey(key);
  if (kept === null) throw new Error('a generated key is not a valid API key');
  return { key, ...kept };
}

/** Only the key is written to stdout, so that it can be piped into a secret store. */
function show(id: string, key: string, json: true | undefined): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ id, key })}\n`);
    return;
  }
  process.stderr.write(`Created key ${id}. It is shown only once:\n`);
  process.stdout.write(`${key}\n`);
}

/** If the whole key is passed instead of its id, it must not be printed. */
function shown(id: string): string {
  return /^[a-z0-9]{1,16}$/.test(id) ? id : 'with this id (the id is the part between wtk_ and the next _)';
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
  throw new InvalidArgumentError('must be 1 to 64 letters, digits, spaces and . _ : @ / -');
}

function scopes(text: string): string[] {
  const names = [...new Set(text.split(',').map((part) => part.trim()))];
  if (names.every(isScope)) return names;
  throw new InvalidArgumentError(`must be a comma-separated list of ${SCOPES.join(', ')}`);
}

function rate(text: string): number {
  const n = Number(text);
  if (/^\d{1,6}$/.test(text) && n >= 1) return n;
  throw new InvalidArgumentError('must be a whole number from 1 to 999999');
}
