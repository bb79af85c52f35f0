import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../../tools/ports.mjs';
import { AdmissionService } from '../support/admission-service.js';
import { CertificateAuthority } from '../support/certificates.js';
import { ConnectProxy } from '../support/connect-proxy.js';
import { TestApp } from '../support/test-app.js';

let service: AdmissionService;
let testApp: TestApp;
let rooms = 0;
beforeAll(async () => {
  service = await AdmissionService.start();
  testApp = await TestApp.open({ worker: false, env: { ...service.env, ADMISSION_TIMEOUT_MS: '2000' } });
});
afterAll(async () => {
  await testApp.end();
  await service.close();
});

const DOWN = 'admission service unavailable: callers receive 503 until it answers';
const UP = 'admission service available again';

/** The lines about the admission service of what follows. */
function watchLog() {
  const start = testApp.log.length;
  return () =>
    testApp.log
      .slice(start)
      .filter(({ msg }) => msg === DOWN || msg === UP)
      .map(({ level, msg, reason, admission }) => [level, msg, admission, reason]);
}

describe('an admission service that fails is logged once with what is wrong, and once when it is back', () => {
  it.each<[string, AdmissionService['answer']]>([
    ['the admission service answered with status 500', (_question, reply) => void reply.writeHead(500).end('hush')],
    [
      'the admission service answered with status 302',
      (_question, reply) => void reply.writeHead(302, { location: '/ok' }).end(),
    ],
    ['the answer of the admission service is not JSON', (_question, reply) => void reply.end('hush')],
    ['the answer of the admission service has no allow that is true or false', () => ({ allow: 'hush' })],
    ['the admission service answered with more than 16 KiB', () => ({ allow: true, more: 'x'.repeat(20_000) })],
    ['the admission service is unreachable (no response in time)', () => undefined],
  ])('%s', async (reason, answer) => {
    const lines = watchLog();
    const open = async () => (await testApp.client.openRoom(`room ${++rooms}`)).status;
    service.answer = answer;
    expect(await Promise.all([open(), open(), open()])).toEqual([503, 503, 503]);
    service.reset();
    expect(await Promise.all([open(), open(), open()])).toEqual([202, 202, 202]);
    const admission = new URL(service.url).host;
    expect(lines()).toEqual([
      [40, DOWN, admission, reason],
      [40, UP, admission, undefined],
    ]);
    expect(JSON.stringify(testApp.log)).not.toContain('hush');
  });

  it('also when nothing listens there, and when the proxy on the way refuses', async () => {
    const authority = new CertificateAuthority();
    const proxy = await ConnectProxy.start();
    const closed = `127.0.0.1:${String(await freePort())}`;
    const lines = watchLog();
    const refused = await testApp.startGateway({ ADMISSION_URL: `http://${closed}/` });
    expect((await refused.client.openRoom(`room ${++rooms}`)).status).toBe(503);
    const HTTPS_PROXY = `http://user:hush@127.0.0.1:${String(proxy.port)}`;
    const ADMISSION_URL = 'https://admission.example/decide';
    const behind = await testApp.startGateway({ ADMISSION_URL, HTTPS_PROXY, EXTRA_CA_CERTS: authority.file });
    expect((await behind.client.openRoom(`room ${++rooms}`)).status).toBe(503);
    const why = `proxy 127.0.0.1:${String(proxy.port)} answered 502 to CONNECT`;
    expect(lines()).toEqual([
      [40, DOWN, closed, 'the admission service is unreachable (connection refused, ECONNREFUSED)'],
      [40, DOWN, 'admission.example:443', `the admission service is unreachable (${why})`],
    ]);
    expect(JSON.stringify(testApp.log)).not.toContain('hush');
    await proxy.close();
    authority.remove();
  });
});
