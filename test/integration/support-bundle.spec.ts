import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { extract } from 'tar-stream';
import { runCommand } from '../support/cli.js';
import { type Backend, TestDeployment } from '../support/test-deployment.js';

/** Names and texts of the files in an archive. */
async function unpacked(path: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const archive = Readable.from([await readFile(path)])
    .pipe(createGunzip())
    .pipe(extract());
  for await (const entry of archive) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    files.set(entry.header.name.replace(/^[^/]+\//, ''), Buffer.concat(chunks).toString());
  }
  return files;
}

describe.each<Backend>(['redis'])('a support bundle, with the queue in %s', (queue) => {
  let deployment: TestDeployment;
  let directory: string;
  beforeAll(async () => {
    deployment = await TestDeployment.start({ queue });
    directory = await mkdtemp(join(tmpdir(), 'support-'));
  });
  afterAll(async () => {
    await deployment.end();
    await rm(directory, { recursive: true });
  });

  it('holds versions, settings, findings, metrics and logs, and no secret that came near it', async () => {
    const opened = await deployment.client().openRoom('bundled', { wait: 10 });
    const { url, apiKey, apiSecret } = deployment.cas;
    const credentials = { CAS_URL: url, CAS_API_KEY: apiKey, CAS_API_SECRET: apiSecret };
    const env = { ...deployment.environment(), ...credentials };
    const secrets = [
      deployment.apiKey,
      deployment.cas.apiSecret,
      deployment.sealingKeys.slice(3),
      String(opened.body.tokens?.stream),
      'whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5',
      'wtt_eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.c2lnbmF0dXJl',
    ];
    // Lines that no process of this product writes.
    await writeFile(join(directory, 'gateway.log'), `first line\n${secrets.join('\n')}\npostgres://u:hunter2@db/x\n`);
    const output = join(directory, 'bundle.tar.gz');
    const opsUrls = [deployment.gateway.opsUrl, deployment.worker.opsUrl, 'http://127.0.0.1:9'];
    const args = ['--output', output, '--logs', directory, ...opsUrls.flatMap((url) => ['--ops-url', url])];
    const { code, text } = await runCommand(['support-bundle', ...args], env);
    expect([code, text]).toEqual([0, expect.stringContaining(`Wrote ${output}`)]);
    expect((await stat(output)).mode & 0o777).toBe(0o600);

    const files = await unpacked(output);
    expect([...files.keys()]).toEqual([
      ...['README.txt', 'versions.json', 'settings.json', 'doctor.txt'],
      ...[1, 2, 3].flatMap((n) => [`process-${String(n)}-health.txt`, `process-${String(n)}-metrics.txt`]),
      'logs/gateway.log',
    ]);
    expect(JSON.parse(files.get('versions.json') ?? '')).toMatchObject({
      product: '0.1.0',
      database: { schema: 'ready' },
    });
    expect(JSON.parse(files.get('settings.json') ?? '')).toEqual(
      expect.arrayContaining([
        { name: 'CAS_URL', from: 'environment', value: deployment.cas.url },
        { name: 'CAS_API_SECRET', from: 'environment' },
        { name: 'CAS_ALLOW_HTTP', from: 'default', value: 'off' },
      ]),
    );
    expect(files.get('doctor.txt')).toContain('✓ database');
    expect(files.get('process-1-metrics.txt')).toContain('http_request_duration_seconds');
    expect(files.get('process-2-metrics.txt')).toContain('queue_jobs');
    expect(files.get('process-3-health.txt')).toContain('unreachable');
    expect(files.get('logs/gateway.log')).toContain('first line');
    const everything = [...files.values()].join('\n');
    for (const secret of [...secrets, 'hunter2']) expect(everything).not.toContain(secret);

    const again = await runCommand(['support-bundle', ...args], env);
    expect(again).toMatchObject({ code: 1, text: expect.stringContaining('could not be written') });
  }, 60_000);
});
