import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';

describe('the log of requests', () => {
  let testApp: TestApp;
  beforeAll(async () => {
    testApp = await TestApp.open();
  });
  afterAll(() => testApp.end());

  /** The statuses that have a line, of requests that end with each kind of status. */
  async function statusesLogged(client: Client): Promise<unknown[]> {
    const from = testApp.log.length;
    const { body } = await client.openRoom(`logged ${from}`, { wait: 20 });
    // From the database, and from memory.
    for (let n = 0; n < 3; n++) await client.read(body.id);
    await client.send('GET', '/v1/sessions/ses_unknown');
    await client.send('POST', '/v1/sessions', { body: { products: ['nothing'] } });
    const last = await testApp.newClient(client.url, null).send('GET', `/v1/sessions/${body.id}`);
    const lines = () => testApp.log.slice(from).filter(({ msg }) => msg === 'request');
    await eventually(() => {
      expect(lines().map(({ requestId }) => requestId)).toContain(last.headers['request-id']);
    });
    return lines().map(({ status }) => status);
  }

  it('has a line for each', async () => {
    expect(await statusesLogged(testApp.client)).toEqual([201, 200, 200, 200, 404, 422, 401]);
  });

  it('leaves out those that went well, and counts them all the same (LOG_REQUESTS=errors)', async () => {
    const { client } = await testApp.startGateway({ LOG_REQUESTS: 'errors' });
    expect(await statusesLogged(client)).toEqual([404, 422, 401]);
  });

  it('never leaves out refusals (LOG_REQUESTS=off)', async () => {
    const { client } = await testApp.startGateway({ LOG_REQUESTS: 'off' });
    expect(await statusesLogged(client)).toEqual([422, 401]);
  });

  it('names the trace of the caller while traces are off, also of reads from memory', async () => {
    const { body } = await testApp.client.openRoom('traced', { wait: 20 });
    const from = testApp.log.length;
    const headers = { traceparent: `00-${TRACE}-b7ad6b7169203331-01` };
    for (let n = 0; n < 3; n++) await testApp.client.read(body.id, { headers });
    await testApp.client.read(body.id, { headers: { traceparent: `00-${TRACE}-x` } });
    await eventually(() => {
      const lines = testApp.log.slice(from).filter(({ msg }) => msg === 'request');
      expect(lines.map(({ trace_id: id }) => id)).toEqual([TRACE, TRACE, TRACE, undefined]);
    });
  });
});
