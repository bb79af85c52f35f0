import { Module } from '@nestjs/common';
import { EgressModule } from '@app/egress';
import { EntitiesModule } from '@app/entities';
import { SealingModule } from '@app/sealing';
import { ApiKeyAuthenticator } from './api-key.authenticator.js';
import { AuthHook } from './auth.hook.js';
import { JwtAuthenticator } from './jwt.authenticator.js';
import { RateLimiter } from './rate-limiter.js';
import { RemoteJwks } from './remote-jwks.js';
import { TicketAccess } from './ticket-access.js';
import { TicketAuthenticator } from './ticket.authenticator.js';
import { TicketSigner } from './ticket-signer.js';

/** Who calls, and how often: API keys, JWTs of the identity provider, tickets, rate limits. */
@Module({
  imports: [EgressModule, EntitiesModule, SealingModule],
  providers: [
    ApiKeyAuthenticator,
    RemoteJwks,
    JwtAuthenticator,
    TicketSigner,
    TicketAuthenticator,
    TicketAccess,
    RateLimiter,
    AuthHook,
  ],
  exports: [AuthHook, RateLimiter, TicketSigner],
})
export class AuthModule {}
