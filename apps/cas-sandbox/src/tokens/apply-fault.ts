import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import type { FastifyReply } from 'fastify';
import type { Fault } from '../faults/fault.js';
import type { Call } from '../journal/journal.js';
import type { IssuedToken } from '../vendor/token-issuer.js';
import { errorPage, hugeBody } from './bodies.js';
import { VENDOR_TEXT } from './vendor-text.js';

const DRIP_MS = 200;
const HOUR_S = 3600;
const TEN_YEARS_S = 315_360_000;

/** The call that a fault is applied to. */
export interface FaultContext {
  /** The journal entry; the fault fills in the status it sends. */
  call: Call;
  reply: FastifyReply;
  /** Credentials of the call, for faults that echo them. */
  credentials: { apiKey: string; apiSecret: string };
  /** Issues a token without sending it; lives `lifeS` seconds, by default as configured. */
  issue: (lifeS?: number | 'endless') => IssuedToken;
  /** The valid response, with a token as from `issue`. */
  sendToken: (lifeS?: number | 'endless') => Promise<void>;
}

/** Answers a call as the fault requires. `delay` and `hang`, whose responses are valid, are handled by the caller. */
export async function applyFault(
  fault: Exclude<Fault, { kind: 'delay' | 'hang' }>,
  context: FaultContext,
): Promise<void> {
  const { call, reply, credentials, issue, sendToken } = context;
  const send = async (status: number, type: string, body: string): Promise<void> => {
    call.status = status;
    await reply.code(status).type(type).send(body);
  };
  switch (fault.kind) {
    case 'status':
      if (fault.retryAfter !== undefined) reply.header('retry-after', fault.retryAfter);
      if (fault.echo === true) {
        const { apiKey, apiSecret } = credentials;
        reply.raw.statusMessage = `${apiKey} ${apiSecret}`;
        reply.header('x-debug', apiSecret).header('location', `https://elsewhere.example/${apiKey}?${apiSecret}`);
        return send(
          fault.status,
          'application/json',
          JSON.stringify({ ...credentials, token: `${apiKey}.${apiSecret}.x` }),
        );
      }
      return send(fault.status, 'text/html', errorPage(fault.status));
    case 'redirect':
      reply.header('location', fault.location);
      return send(fault.status, 'text/html', errorPage(fault.status));
    case 'garbage':
      return send(200, 'text/html', errorPage(200));
    case 'empty':
      return send(200, 'application/json', '');
    case 'no-token':
      return send(200, 'application/json', JSON.stringify({ message: VENDOR_TEXT }));
    case 'wrong-type':
      return send(200, 'application/json', JSON.stringify({ token: 12345, message: VENDOR_TEXT }));
    case 'not-a-jwt':
      return send(200, 'application/json', JSON.stringify({ token: VENDOR_TEXT }));
    case 'expired-token':
      return sendToken(-HOUR_S);
    case 'far-token':
      return sendToken(TEN_YEARS_S);
    case 'no-exp':
      return sendToken('endless');
    case 'reset':
      reply.hijack();
      reply.raw.socket?.resetAndDestroy();
      return undefined;
    case 'drip':
      return drip(context, JSON.stringify({ token: issue().token }));
    case 'huge':
      return stream(context, { 'content-type': 'application/json' }, Readable.from(hugeBody(), { objectMode: false }));
    case 'gzip-bomb': {
      const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
      const gzip = createGzip();
      return stream(context, headers, Readable.from(hugeBody(), { objectMode: false }), gzip);
    }
  }
}

async function drip({ call, reply }: FaultContext, body: string): Promise<void> {
  reply.hijack();
  call.status = 200;
  const { raw } = reply;
  raw.writeHead(200, { 'content-type': 'application/json' });
  raw.flushHeaders();
  const closed = once(raw, 'close');
  for (const byte of body) {
    await Promise.race([sleep(DRIP_MS), closed]);
    if (raw.destroyed) return;
    raw.write(byte);
  }
  raw.end();
}

/** Ignores errors: clients are expected to disconnect before the end. */
async function stream(
  { call, reply }: FaultContext,
  headers: Record<string, string>,
  source: Readable,
  ...through: NodeJS.ReadWriteStream[]
): Promise<void> {
  reply.hijack();
  call.status = 200;
  reply.raw.writeHead(200, headers);
  await pipeline([source, ...through, reply.raw]).catch(() => undefined);
}
