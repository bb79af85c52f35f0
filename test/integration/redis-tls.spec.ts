import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitForQueue } from '@app/queue';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { freePort } from '../../tools/ports.mjs';
import { type Certificate, CertificateAuthority } from '../support/certificates.js';
import { RedisServers } from '../support/redis.js';
import { ServiceOnRedis } from '../support/service-on-redis.js';
import { describeOn } from '../support/test-app.js';

describeOn('redis')('Redis over TLS, with client certificates', () => {
  let servers: RedisServers;
  let ca: CertificateAuthority;
  let other: CertificateAuthority;
  let client: Certificate;
  let tlsPort: number;
  let admin: Redis;
  const inDirectory = (name: string) => join(servers.directory, name);

  beforeAll(async () => {
    servers = new RedisServers();
    [ca, other] = [new CertificateAuthority(), new CertificateAuthority()];
    const own = ca.issueFiles('localhost');
    client = ca.issueFiles();
    tlsPort = await freePort();
    const files = ['--tls-cert-file', own.cert, '--tls-key-file', own.key, '--tls-ca-cert-file', ca.file];
    const server = await servers.start(['--tls-port', String(tlsPort), '--tls-auth-clients', 'yes', ...files]);
    admin = servers.client(server);
  });
  afterAll(async () => {
    await servers.end();
    ca.remove();
    other.remove();
  });

  it('serves jobs and limits, and takes a renewed certificate of the client without a restart', async () => {
    const files = { cert: inDirectory('current.crt'), key: inDirectory('current.key') };
    const install = (from: Certificate) => {
      copyFileSync(from.cert, files.cert);
      copyFileSync(from.key, files.key);
    };
    install(client);
    const service = await ServiceOnRedis.start({
      REDIS_URL: `rediss://localhost:${tlsPort}`,
      ...{ REDIS_CA_FILE: ca.file, REDIS_CERT_FILE: files.cert, REDIS_KEY_FILE: files.key },
    });
    try {
      await service.expectJobs('before');
      // In the middle of a renewal the two files do not belong together.
      copyFileSync(ca.issueFiles().key, files.key);
      await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await service.expectJobs('meanwhile');
      install(ca.issueFiles());
      await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await service.expectJobs('after');
      await service.expectSharedLimits();
    } finally {
      await service.app.end();
    }
  });

  /** The end of the sentence that a start ends with. */
  async function reasonFor(host: string, redisTls: Parameters<typeof waitForQueue>[0]['redisTls']): Promise<string> {
    const settings = { redisUrl: `rediss://${host}`, redisTls, prefix: 'wt' };
    const error = await waitForQueue(settings, 0, () => undefined).then(() => 'none', String);
    return error.replace(`StartupError: Redis at ${host}: `, '');
  }

  it('is refused with the reason when the certificates do not fit', async () => {
    const [caFile, certFile, keyFile] = [ca.file, client.cert, client.key];
    const stranger = other.issueFiles();
    const host = `localhost:${tlsPort}`;
    expect(await reasonFor(host, { certFile, keyFile })).toMatch(/^TLS: its certificate is not signed by a trusted CA/);
    expect(await reasonFor(`127.0.0.1:${tlsPort}`, { caFile, certFile, keyFile })).toMatch(
      /^TLS: its certificate is for another host name/,
    );
    expect(await reasonFor(host, { caFile })).toMatch(/^TLS: the server requires a client certificate/);
    expect(await reasonFor(host, { caFile, certFile: stranger.cert, keyFile: stranger.key })).toMatch(
      /^TLS: the server does not trust our client certificate/,
    );
  });
});
