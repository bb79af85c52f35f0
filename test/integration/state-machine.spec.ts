import {
  EntitiesModule,
  PublishingRepository,
  RoomsRepository,
  SessionsRepository,
  SweepingRepository,
} from '@app/entities';
import { SettingsModule } from '@app/config';
import { FAILURE_CODES, newSessionId, type Product, type SessionStatus, TRANSITIONS } from '@app/kernel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import fc from 'fast-check';
import { cloneDatabase, type TestDatabase } from '../support/database.js';

type Event =
  | { kind: 'open'; products: Product[] }
  | { kind: 'publish'; product: Product }
  | { kind: 'fail'; code: (typeof FAILURE_CODES)[number] }
  | { kind: 'postpone' }
  | { kind: 'close' }
  | { kind: 'retry' }
  | { kind: 'deadline' }
  | { kind: 'expiry' }
  | { kind: 'sweep' };

const product = fc.constantFrom<Product>('stream', 'sync');

/** Whatever can happen to a room and its session, the clock included. */
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    kind: fc.constant('open' as const),
    products: fc.constantFrom<Product[]>(['stream'], ['stream', 'sync']),
  }),
  fc.record({ kind: fc.constant('publish' as const), product }),
  fc.record({ kind: fc.constant('fail' as const), code: fc.constantFrom(...FAILURE_CODES) }),
  ...(['postpone', 'close', 'retry', 'deadline', 'expiry', 'sweep'] as const).map((kind) => fc.constant({ kind })),
);

describe('the states of a session', () => {
  let database: TestDatabase;
  let app: INestApplicationContext;
  beforeAll(async () => {
    database = await cloneDatabase();
    const settings = { database: { url: database.url, pool: 4, timeoutMs: 5000, bootTimeoutMs: 5000 } };
    @Module({ imports: [await SettingsModule.with(settings), EntitiesModule] })
    class Repositories {}
    app = await NestFactory.createApplicationContext(Repositories, { logger: false });
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  async function happen(room: string, what: Event): Promise<void> {
    const rooms = app.get(RoomsRepository);
    const publishing = app.get(PublishingRepository);
    const current = await database.rows<{ id: string }>(
      'SELECT id FROM sessions WHERE room = $1 ORDER BY generation DESC LIMIT 1',
      [room],
    );
    const id = current[0]?.id ?? newSessionId();
    switch (what.kind) {
      case 'open':
        await rooms.open({
          room,
          wanted: undefined,
          products: what.products,
          metadata: {},
          createdBy: 'key:test',
          deadlineS: 600,
        });
        return;
      case 'publish': {
        const sealed = `v1.k.${newSessionId()}`;
        const token = { product: what.product, sealed, keyId: 'k', expiresAt: new Date(Date.now() + 3_600_000) };
        await publishing.publish(id, { endpoint: 'cas', tokens: [token] });
        return;
      }
      case 'fail':
        await publishing.fail(id, what.code);
        return;
      case 'postpone':
        await publishing.postpone(id, { waitMs: 1000, counted: true, code: 'cas-unavailable' });
        return;
      case 'close':
        await app.get(SessionsRepository).close(id, 'key:test');
        return;
      case 'retry':
        await app.get(SessionsRepository).retry(id, 'key:test', 600);
        return;
      case 'deadline':
        await database.rows('UPDATE sessions SET deadline_at = clock_timestamp() WHERE id = $1', [id]);
        return;
      case 'expiry':
        await database.rows(
          'UPDATE sessions SET expires_at = clock_timestamp() WHERE id = $1 AND expires_at IS NOT NULL',
          [id],
        );
        return;
      case 'sweep':
        await app.get(SweepingRepository).expire();
        await app.get(SweepingRepository).failOverdue();
    }
  }

  interface Row {
    id: string;
    status: SessionStatus;
    generation: number;
    version: number;
    readable: Product[];
    standing: Product[];
    products: Product[];
  }

  async function look(room: string): Promise<Row[]> {
    return database.rows<Row & Record<string, unknown>>(
      `SELECT s.id, s.status, s.generation, s.version, s.products,
              ARRAY(SELECT product FROM session_tokens t WHERE t.session_id = s.id AND t.sealed IS NOT NULL ORDER BY 1) AS readable,
              ARRAY(SELECT product FROM session_tokens t WHERE t.session_id = s.id ORDER BY 1) AS standing
       FROM sessions s WHERE s.room = $1 ORDER BY s.generation`,
      [room],
    );
  }

  it('follow the table of transitions, whatever happens in whatever order', async () => {
    let room = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 3, maxLength: 25 }), async (events) => {
        const name = `room-${room++}`;
        let before = await look(name);
        for (const what of events) {
          await happen(name, what);
          const after = await look(name);
          for (const row of after) {
            const was = before.find(({ id }) => id === row.id);
            if (was === undefined) {
              expect(row.status).toBe('pending');
              continue;
            }
            // One event may make two moves: what is overdue is failed and put back in one transaction.
            const reachable = new Set([
              was.status,
              ...TRANSITIONS[was.status],
              ...TRANSITIONS[was.status].flatMap((s) => TRANSITIONS[s]),
            ]);
            expect(reachable).toContain(row.status);
            if (was.status !== row.status) expect(row.version).toBeGreaterThan(was.version);
            if (TRANSITIONS[was.status].length === 0) expect(row.status).toBe(was.status);
            // A published product stays the one that it was: rows are never taken back.
            expect(row.standing).toEqual(expect.arrayContaining(was.standing));
          }
          expect(after.map((row) => row.generation)).toEqual(after.map((_, n) => n + 1));
          expect(after.filter((row) => ['pending', 'ready', 'failed'].includes(row.status)).length).toBeLessThanOrEqual(
            1,
          );
          for (const row of after) {
            if (row.status === 'ready') expect(row.readable).toEqual(expect.arrayContaining(row.products));
            if (row.status === 'closed' || row.status === 'expired') expect(row.readable).toEqual([]);
          }
          before = after;
        }
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
