import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigService, type SettingsService } from '@app/config';
import { LOG, type Log } from '@app/observability';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Faults } from '../faults/faults.js';
import { HeldReplies } from '../faults/held-replies.js';
import { misbehave } from '../faults/misbehave.js';
import { type Call, Journal } from '../journal/journal.js';
import { checkCredentials } from './check-credentials.js';
import { type IssuedToken, TokenIssuer } from './token-issuer.js';
import type { VendorProduct } from './vendor-product.js';

/** One call as the vendor would answer it, or as the next fault says. */
@Injectable()
export class VendorService {
  constructor(
    @Inject(ConfigService) private readonly config: SettingsService<'sandbox'>,
    @Inject(LOG) private readonly log: Log,
    private readonly tokens: TokenIssuer,
    private readonly faults: Faults,
    private readonly held: HeldReplies,
    private readonly journal: Journal,
  ) {}

  async answer(product: VendorProduct, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { pathname, search, searchParams } = new URL(request.url, 'http://sandbox');
    if (!pathname.endsWith('/')) {
      await reply.redirect(`${pathname}/${search}`, 301);
      return;
    }
    const settings = this.config.get('sandbox', { infer: true });
    const credentials = checkCredentials(request.headers, settings);
    const fault = credentials === 'right' ? this.faults.take(product) : undefined;
    const call = this.journal.open({ product, path: request.url, credentials, ...(fault && { fault: fault.kind }) });
    reply.raw.once('close', () => {
      this.log.debug({ call }, 'call');
    });
    await sleep(settings.latencyMs + (fault?.delayMs ?? 0));

    if (credentials !== 'right') return send(call, reply, 401, { error: 'Invalid credentials' });
    const sub = searchParams.get('sub') ?? undefined;
    if (product === 'chat' && sub === undefined) return send(call, reply, 400, { error: 'sub is missing' });

    const issue = (life?: number | 'endless'): IssuedToken => {
      const issued = this.tokens.issue({ lifeS: life ?? settings.tokenTtlS, ...(product === 'chat' && { sub }) });
      call.tokenFingerprint = issued.fingerprint;
      call.rid = issued.rid;
      return issued;
    };
    const sendToken = (life?: number | 'endless') => send(call, reply, 200, { token: issue(life).token });

    if (fault === undefined || fault.kind === 'delay') return sendToken();
    if (fault.kind === 'hang') return (await this.held.hold(reply.raw)) === 'released' ? sendToken() : undefined;
    const { apiKey, apiSecret } = settings;
    await misbehave(fault, { call, reply, credentials: { apiKey, apiSecret }, issue, sendToken });
  }
}

async function send(call: Call, reply: FastifyReply, status: number, body: object): Promise<void> {
  call.status = status;
  await reply.code(status).send(body);
}
