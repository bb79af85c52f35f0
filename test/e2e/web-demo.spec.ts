import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import axios, { type AxiosResponse } from 'axios';
import { TestDeployment } from '../support/test-deployment.js';

interface Room {
  name: string;
  wt_token: string;
  sync_token: string;
  exp: number;
  playerId: string;
  videoId: string;
}

/** As the vendor's web demo joins a room: no credential, and three tries, but again only after status 500. */
async function joinRoom(url: string, name: string, playerId: string): Promise<AxiosResponse<Room>> {
  const body = { name, playerId, videoId: `chosen by ${playerId}` };
  for (let tries = 1; ; tries++) {
    const reply = await axios.post<Room>(`${url}/room/create`, body, { validateStatus: () => true });
    if (reply.status !== 500 || tries === 3) return reply;
  }
}

describe('the clients of the web demo', () => {
  let deployment: TestDeployment;
  beforeAll(async () => {
    // How fast this machine is must not count.
    const env = { ROOM_API: 'on', CAS_TIMEOUT_MS: '1500' };
    deployment = await TestDeployment.start({ queue: 'postgres', gateways: 2, env });
  }, 60_000);
  afterAll(() => deployment.end());

  it('all hold the same tokens, 300 of them at two gateways, while CAS hiccups', async () => {
    await deployment.cas.fault({ kind: 'status', status: 503, times: 2 });
    await deployment.cas.fault({ kind: 'reset', times: 1 });
    await deployment.cas.fault({ kind: 'delay', delayMs: 700, times: 1 });
    const replies = await Promise.all(
      Array.from({ length: 300 }, (_, i) => joinRoom(deployment.client(i % 2).url, 'kick-off', `player ${String(i)}`)),
    );
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
    const rooms = replies.map(({ data }) => data);
    expect(new Set(rooms.map((room) => JSON.stringify(room))).size).toBe(1);
    const [room] = rooms;
    expect(room?.wt_token).not.toBe(room?.sync_token);
    expect(room?.videoId).toBe(`chosen by ${String(room?.playerId)}`);
    expect(room?.exp).toBeGreaterThan(Date.now());

    // Clients that come by the share link, later and through another gateway, hold them too.
    const link = new URL(`https://watch.example.com/?room=${encodeURIComponent('kick-off')}`);
    const shared = await axios.get<Room>(`${deployment.client(1).url}/room/${link.searchParams.get('room') ?? ''}`);
    expect(shared.data).toEqual(room);
    expect(await deployment.database.rows('SELECT room FROM sessions')).toEqual([{ room: 'open:kick-off' }]);
  }, 60_000);
});
