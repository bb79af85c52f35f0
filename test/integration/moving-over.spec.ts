import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AdmissionService } from '../support/admission-service.js';
import { settingsIn } from '../support/snippets.js';
import { TestApp } from '../support/test-app.js';

const DOCUMENTED = settingsIn('docs/moving-over.md', 'room-api');

let service: AdmissionService;
let testApp: TestApp;
beforeAll(async () => {
  service = await AdmissionService.start();
  testApp = await TestApp.open();
});
afterAll(async () => {
  await testApp.end();
  await service.close();
});

const create = (url: string, name: string, headers: Record<string, string> = {}) =>
  testApp.newClient(url, null).send<{ wt_token?: string }>('POST', '/room/create', { body: { name }, headers });

/** What a gateway with these settings says about the room API at boot. */
async function saidAtBoot(env: Record<string, string>) {
  const start = testApp.log.length;
  const { url } = await testApp.startGateway(env);
  const said = testApp.log.slice(start).flatMap(({ level, msg }) => (msg.startsWith('ROOM_API') ? [[level, msg]] : []));
  return { url, said };
}

describe('the settings of the document', () => {
  it('serve the rooms to pages of the listed origin, and leave nothing to explain', async () => {
    const { url, said } = await saidAtBoot(DOCUMENTED);
    const origin = DOCUMENTED.ROOM_API_ORIGINS ?? '';
    const reply = await create(url, 'derby', { origin });
    expect([reply.status, reply.headers['access-control-allow-origin']]).toEqual([200, origin]);
    expect(said).toEqual([]);
  });
});

describe('at boot a gateway explains', () => {
  it('that without ROOM_API_ORIGINS browsers let no page call it', async () => {
    const { said } = await saidAtBoot({ ROOM_API: 'on' });
    expect(said).toEqual([[40, expect.stringMatching(/without ROOM_API_ORIGINS: .*see docs\/moving-over\.md$/)]]);
  });

  it('that the admission service must allow anonymous callers', async () => {
    const { url, said } = await saidAtBoot({ ...DOCUMENTED, ...service.env });
    expect(said).toEqual([[40, expect.stringMatching(/with ADMISSION_URL: .*anonymous.*see docs\/moving-over\.md$/)]]);
    service.answer = ({ who }) => ({ allow: who.kind !== 'anonymous' });
    expect((await create(url, 'not for anybody')).status).toBe(403);
    expect(service.asked.map(({ room }) => room)).toEqual(['open:not for anybody']);
  });

  it('nothing while the room API is off', async () => {
    expect((await saidAtBoot(service.env)).said).toEqual([]);
  });
});
