import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import type { Certificate } from './certificates.js';

type Pair = Awaited<ReturnType<typeof generateKeyPair>> & { kid: string; alg: string };

/** Undefined: the claim is left out. Wrong types are what some tests are about. */
type Claims = { [name in keyof JWTPayload]: unknown };

interface ProviderOptions {
  /** What it calls itself; its address on loopback. */
  issuer?: string;
  /** If it is reached over TLS. */
  tls?: Certificate;
}

/** A customer's identity provider, as far as this product needs one: discovery, public keys, tokens. */
export class IdentityProvider {
  /** How often its keys were asked for. */
  asked = 0;
  /** While true it answers nothing but 503. */
  away = false;
  /** What becomes of its discovery document and its key set; text is sent as it is. */
  discovery: (document: Record<string, unknown>) => unknown = (document) => document;
  keySet: (keys: Record<string, unknown>[]) => unknown = (keys) => ({ keys });
  port = 0;
  private readonly published: Pair[] = [];
  private server: Server | undefined;
  issuer = '';

  static async start({ issuer, tls }: ProviderOptions = {}): Promise<IdentityProvider> {
    const provider = new IdentityProvider();
    const answer: RequestListener = (request, response) => {
      void provider.answer(request.url ?? '').then(([status, body]) => {
        const text = typeof body === 'string' ? body : JSON.stringify(body);
        response.writeHead(status, { 'content-type': 'application/json' }).end(text);
      });
    };
    const server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    provider.server = server;
    provider.port = (server.address() as AddressInfo).port;
    provider.issuer = issuer ?? `http://127.0.0.1:${provider.port}`;
    await provider.addKey('RS256');
    return provider;
  }

  /** A new key, published at once unless it is to be kept back. */
  async addKey(alg: string, { publish = true } = {}): Promise<Pair> {
    const pair = { ...(await generateKeyPair(alg, { extractable: true })), kid: `k${Math.random()}`, alg };
    if (publish) this.published.push(pair);
    return pair;
  }

  publish(pair: Pair): void {
    this.published.push(pair);
  }

  get key(): Pair {
    const [first] = this.published;
    if (first === undefined) throw new Error('there is no key');
    return first;
  }

  /** A good token of one person, but for what is changed. */
  async token(
    sub: string | undefined,
    { claims = {}, header = {}, pair = this.key }: { claims?: Claims; header?: object; pair?: Pair } = {},
  ): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const payload = {
      iss: this.issuer,
      aud: 'watch',
      iat: now,
      exp: now + 600,
      ...(sub !== undefined && { sub }),
      ...claims,
    };
    return new SignJWT(payload as JWTPayload)
      .setProtectedHeader({ alg: pair.alg, kid: pair.kid, ...header })
      .sign(pair.privateKey);
  }

  async close(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  private async answer(url: string): Promise<[number, unknown]> {
    if (this.away) return [503, {}];
    const base = this.issuer.replace(/\/$/, '');
    const { pathname } = new URL(url, base);
    const path = pathname.slice(new URL(base).pathname.replace(/^\/$/, '').length);
    if (path === '/.well-known/openid-configuration') {
      return [200, this.discovery({ issuer: this.issuer, jwks_uri: `${base}/keys` })];
    }
    if (path !== '/keys') return [404, {}];
    this.asked++;
    const keys = await Promise.all(
      this.published.map(async ({ publicKey, kid, alg }) => ({
        ...(await exportJWK(publicKey)),
        kid,
        alg,
        use: 'sig',
      })),
    );
    return [200, this.keySet(keys)];
  }
}
