import { Module } from '@nestjs/common';
import { EgressModule } from '@app/egress';
import { EntitiesModule } from '@app/entities';
import { ApiKeyAuthenticator } from './api-key.authenticator.js';
import { AuthHook } from './auth.hook.js';
import { JwtAuthenticator } from './jwt.authenticator.js';
import { RateLimiter } from './rate-limiter.js';
import { RemoteJwks } from './remote-jwks.js';

/** Who calls, and how often: API keys, JWTs of the identity provider, rate limits. */
@Module({
  imports: [EgressModule, EntitiesModule],
  providers: [ApiKeyAuthenticator, RemoteJwks, JwtAuthenticator, RateLimiter, AuthHook],
  exports: [AuthHook],
})
export class AuthModule {}
