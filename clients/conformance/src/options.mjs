import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CHECKS } from './checks.mjs';

export const USAGE = `watchtogether-auth-conformance --url URL [--url URL2 …] [options]

Checks a customer auth server from the outside: the contract POST /room/create and GET /room/:id, the API under /v1, or
both, whichever it speaks.

  --url URL        base URL of the server; repeat it for each replica
  --key KEY        bearer credential for /v1: rooms:open, sessions:read, sessions:close, tokens:read
  --key-file FILE  reads the key from a file, which keeps it out of the shell's history
  --restart CMD    shell command that restarts the server and returns once the old process has ended
  --racers N       clients of the race, 2 to 10000 (200), over at most 50 connections
  --max-wait S     longest wait for a token to expire, in seconds, 0 to 3600 (20)
  --only CHECK     runs only this check; may be repeated
  --json           prints a JSON report instead of text
  --help           prints this text

Exit code: 0 if nothing failed, 1 if a check failed, 2 if the options are invalid.
`;

export class UsageError extends Error {}

/** Of the command line. @throws UsageError */
export function readOptions(args) {
  const { values } = parsed(args);
  if (values.help) return { help: true };
  const { url: urls, restart, racers, only, json } = values;
  const numbers = { racers: numberIn(racers), maxWaitS: numberIn(values['max-wait']) };
  return { help: false, json, ...checkedOptions({ urls, key: keyIn(values), restart, only, ...numbers }) };
}

/** @throws UsageError */
export function checkedOptions({ urls, key = null, restart = null, racers = 200, maxWaitS = 20, only = [] }) {
  if (!Array.isArray(urls) || urls.length === 0) throw new UsageError('--url is missing');
  const unknown = only.find((id) => CHECKS.every((check) => check.id !== id));
  if (unknown !== undefined) {
    throw new UsageError(`--only ${unknown}: the checks are ${CHECKS.map(({ id }) => id).join(', ')}`);
  }
  // The key is not quoted: it may be a secret with a typo.
  if (key !== null && !/^[\x21-\x7e]+$/.test(key)) throw new UsageError('the key must be one word of printable ASCII');
  return {
    urls: urls.map(baseUrl),
    key,
    restart,
    racers: wholeNumber('--racers', racers, 2, 10_000),
    maxWaitS: wholeNumber('--max-wait', maxWaitS, 0, 3600),
    only,
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
        racers: { type: 'string' },
        'max-wait': { type: 'string' },
        only: { type: 'string', multiple: true },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error.message);
  }
}

/** Without a trailing slash; the server may have a path. */
function baseUrl(text) {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) throw new UsageError(`--url ${text} is not an http(s) URL`);
  if (url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new UsageError('--url must have no user, query or fragment');
  }
  return url.href.replace(/\/+$/, '');
}

function keyIn({ key, 'key-file': file }) {
  if (key !== undefined && file !== undefined) throw new UsageError('--key and --key-file exclude each other');
  return file === undefined ? key : contentsOf(file);
}

function contentsOf(file) {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new UsageError(`--key-file ${file} cannot be read: ${error.code}`);
  }
}

function numberIn(text) {
  if (text === undefined) return undefined;
  return /^\d{1,9}$/.test(text) ? Number(text) : NaN;
}

function wholeNumber(name, number, least, most) {
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  throw new UsageError(`${name} must be a whole number from ${least} to ${most}`);
}
