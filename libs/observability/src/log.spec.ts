import { inspect } from 'node:util';
import { StoreUnavailableError } from '@app/kernel';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { createLog, type Log, NestLog } from './log.js';

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg';
const API_KEY = 'wtk_abcd_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG';

let written: string[];
let log: Log;
beforeEach(() => {
  written = [];
  log = createLog('gateway', { logLevel: 'info', production: true }, { write: (line) => written.push(line) });
});

const last = () => JSON.parse(written.at(-1) ?? 'null') as Record<string, unknown>;

describe('a log line', () => {
  it('is one JSON object with the app, the level and the fields', () => {
    log.info({ requestId: 'req_1' }, 'request');
    expect(written).toHaveLength(1);
    expect(written[0]?.indexOf('\n')).toBe((written[0]?.length ?? 0) - 1);
    expect(last()).toMatchObject({ app: 'gateway', level: 30, requestId: 'req_1', msg: 'request', pid: process.pid });
  });

  it('is written only at or above the configured level', () => {
    log.debug('too quiet');
    expect(written).toEqual([]);
  });

  it.each(['authorization', 'token', 'tokens', 'sealed', 'apiKey', 'apiSecret', 'secret', 'password', 'key'])(
    'never contains a field %s, at any depth',
    (field) => {
      const hush = { [field]: { stream: 'hush' } };
      log.info({ [field]: 'hush', a: hush, b: { c: hush }, d: { e: { f: hush } } }, 'x');
      log.info({ a: { b: { c: { d: [{ e: [[hush]] }] } } } }, 'x');
      log.info({ headers: { [field]: 'hush' }, reply: { body: { [field]: ['hush'] } } }, 'x');
      expect(written.join()).not.toContain('hush');
      expect(last()).toMatchObject({ headers: { [field]: '[redacted]' } });
    },
  );

  it('is finite for a cyclic object', () => {
    const thing: Record<string, unknown> = { name: 'thing' };
    thing.self = thing;
    log.info({ thing }, 'x');
    expect(last()).toMatchObject({ thing: { name: 'thing' }, msg: 'x' });
  });

  it('contains no token, API key or password, wherever it came from', () => {
    log.info({ anything: { at: { all: [{ very: { deep: JWT } }] } } }, `text with ${JWT}`);
    log.warn({ url: `https://x/?k=${API_KEY}`, db: 'postgres://u:hush@db/x' }, API_KEY);
    const error = new Error(`refused ${JWT} of postgres://u:hush@db/x`, { cause: new Error(`by ${API_KEY}`) });
    log.error({ err: error }, inspect(error));
    const all = written.join();
    expect(all).not.toContain('eyJ');
    expect(all).not.toContain(API_KEY.slice(9));
    expect(all).not.toContain('hush');
    expect(written).toHaveLength(3);
  });
});

describe('a logged error', () => {
  it('has its type, code, message and stack', () => {
    log.error({ err: new StoreUnavailableError('database') }, 'x');
    expect(last().err).toMatchObject({
      type: 'StoreUnavailableError',
      code: 'store-unavailable',
      message: 'The database is unavailable',
      stack: expect.stringContaining('log.spec.ts'),
    });
  });

  it('includes type, code and message of an underlying foreign error', () => {
    const cause = Object.assign(new TypeError('connect failed'), { code: 'ECONNREFUSED', config: { auth: 'hush' } });
    log.error({ err: new StoreUnavailableError('queue', { cause }) }, 'x');
    expect((last().err as { cause: unknown }).cause).toEqual({
      type: 'TypeError',
      code: 'ECONNREFUSED',
      message: 'connect failed',
    });
  });

  it('includes the causes of our own errors', () => {
    const inner = new StoreUnavailableError('database', { cause: new Error('socket') });
    log.error({ err: new StoreUnavailableError('queue', { cause: inner }) }, 'x');
    expect(last().err).toMatchObject({ cause: { code: 'store-unavailable', cause: { message: 'socket' } } });
  });

  it('contains no custom field, such as the parameters of a statement', () => {
    log.error({ err: Object.assign(new Error('x'), { parameters: ['hush'], detail: 'hush', response: 'hush' }) }, 'x');
    expect(written.join()).not.toContain('hush');
  });

  it('is truncated if its message is long', () => {
    log.error({ err: new Error('x'.repeat(100_000)) }, 'x');
    expect(written[0]?.length).toBeLessThan(6000);
  });

  it('that is not an Error is reduced to its type', () => {
    log.error({ err: 'hush' }, 'x');
    expect(last().err).toEqual({ type: 'string' });
  });
});

describe("Nest's own log", () => {
  it('is written to the same log, with its context', () => {
    const nest = new NestLog(log);
    nest.log('too quiet', 'Nest');
    nest.warn('queue available again', 'MintTokensQueue');
    expect(written).toHaveLength(1);
    expect(last()).toMatchObject({ level: 40, context: 'MintTokensQueue', msg: 'queue available again' });
  });

  it('keeps an error as an error', () => {
    new NestLog(log).error(new TypeError(`bad ${JWT}`), 'ExceptionsHandler');
    expect(last()).toMatchObject({ level: 50, msg: 'bad [token]', err: { type: 'TypeError' } });
  });
});
