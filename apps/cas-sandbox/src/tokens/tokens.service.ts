import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigService, type SettingsService } from '@app/config';
import { LOG, type Log } from '@app/observability';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Faults } from '../faults/faults.js';
import { HeldReplies } from '../faults/held-replies.js';
import { type Call, Journal } from '../journal/journal.js';
import { checkCredentials } from '../vendor/check-credentials.js';
import { fingerprint } from '../vendor/fingerprint.js';
import { type IssuedToken, TokenIssuer } from '../vendor/token-issuer.js';
import type { VendorProduct } from '../vendor/vendor-product.js';
import { applyFault } from './apply-fault.js';
import { parseTokenRequest } from './token-request.js';

/** Answers a token call as CAS would, or as the next fault requires. */
@Injectable()
export class TokensService {
  constructor(
    @Inject(ConfigService) private readonly config: SettingsService<'sandbox'>,
    @Inject(LOG) private readonly log: Log,
    private readonly tokens: TokenIssuer,
    private readonly faults: Faults,
    private readonly held: HeldReplies,
    private readonly journal: Journal,
  ) {}

  async answer(product: VendorProduct, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { loggedPath, sub, redirectTo, error } = parseTokenRequest(product, request.url);
    if (redirectTo !== undefined) {
      await reply.redirect(redirectTo, 301);
      return;
    }
    const settings = this.config.get('sandbox', { infer: true });
    const credentials = checkCredentials(request.headers, settings);
    // Calls that CAS would reject use up no fault.
    const fault = credentials === 'valid' && error === undefined ? this.faults.take(product) : undefined;
    const call = this.journal.open({
      product,
      path: loggedPath,
      credentials,
      ...(sub !== undefined && { subFingerprint: fingerprint(sub) }),
      ...(fault && { fault: fault.kind }),
    });
    reply.raw.once('close', () => {
      this.log.debug({ call }, 'call');
    });
    await sleep(settings.latencyMs + (fault?.delayMs ?? 0));

    if (credentials !== 'valid') return send(call, reply, 401, { error: 'Invalid credentials' });
    if (error !== undefined) return send(call, reply, 400, { error });

    const issue = (lifeS: number | 'endless' = settings.tokenTtlS): IssuedToken => {
      const issued = this.tokens.issue({ lifeS, sub });
      call.tokenFingerprint = issued.fingerprint;
      call.rid = issued.rid;
      return issued;
    };
    const sendToken = (lifeS?: number | 'endless') => send(call, reply, 200, { token: issue(lifeS).token });

    if (fault === undefined || fault.kind === 'delay') return sendToken();
    if (fault.kind === 'hang') return (await this.held.hold(reply.raw)) === 'released' ? sendToken() : undefined;
    const { apiKey, apiSecret } = settings;
    await applyFault(fault, { call, reply, credentials: { apiKey, apiSecret }, issue, sendToken });
  }
}

async function send(call: Call, reply: FastifyReply, status: number, body: object): Promise<void> {
  call.status = status;
  await reply.code(status).send(body);
}
