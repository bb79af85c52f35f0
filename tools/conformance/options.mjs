import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

export const USAGE = `npm run conformance -- --url URL [--url URL2 …] [options]

Checks a customer auth server from the outside: the contract POST /room/create and GET /room/:id, the API under /v1, or
both, whichever it speaks.

  --url URL        where the server is; give one for each replica
  --key KEY        the credential for /v1, sent as Bearer: rooms:open, sessions:read, sessions:close, tokens:read
  --key-file FILE  the same from a file, so that it stays out of the shell's history
  --restart CMD    a shell command that restarts the server and returns when the old process is gone
  --racers N       clients of the race, 2 to 10000 (200), over at most 50 connections
  --max-wait S     how long to wait for a token to expire, in seconds, 0 to 3600 (20)
  --json           a report for machines instead of lines for people
  --help           this

It ends with 0 if nothing failed, 1 if something did, 2 if it was not called right.
`;

export class UsageError extends Error {}

/** @throws UsageError */
export function readOptions(args) {
  const { values } = parsed(args);
  if (values.help) return { help: true };
  if (values.url === undefined) throw new UsageError('--url is missing');
  return {
    help: false,
    urls: values.url.map(baseUrl),
    key: key(values),
    restart: values.restart ?? null,
    racers: wholeNumber('--racers', values.racers, 2, 10_000),
    maxWaitS: wholeNumber('--max-wait', values['max-wait'], 0, 3600),
    json: values.json,
  };
}

function parsed(args) {
  try {
    return parseArgs({
      args,
      options: {
        url: { type: 'string', multiple: true },
        key: { type: 'string' },
        'key-file': { type: 'string' },
        restart: { type: 'string' },
        racers: { type: 'string', default: '200' },
        'max-wait': { type: 'string', default: '20' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error.message);
  }
}

/** Without a slash at its end; a server may live under a path. */
function baseUrl(text) {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) throw new UsageError(`--url ${text} is no http(s) URL`);
  if (url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new UsageError('--url must have no user, query or fragment');
  }
  return url.href.replace(/\/+$/, '');
}

function key({ key: given, 'key-file': file }) {
  if (given !== undefined && file !== undefined) throw new UsageError('--key and --key-file exclude each other');
  const text = given ?? (file === undefined ? null : contentsOf(file));
  // Not quoted: it may be a secret with a slip in it.
  if (text !== null && !/^[\x21-\x7e]+$/.test(text))
    throw new UsageError('the key must be one word of printable ASCII');
  return text;
}

function contentsOf(file) {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new UsageError(`--key-file ${file} cannot be read: ${error.code}`);
  }
}

function wholeNumber(name, text, least, most) {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (!(number >= least && number <= most)) throw new UsageError(`${name} must be from ${least} to ${most}`);
  return number;
}
