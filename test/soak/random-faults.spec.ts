import { describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { expectInvariants } from '../support/invariants.js';
import { openRooms } from '../support/load.js';
import { type Backend, TestDeployment } from '../support/test-deployment.js';

/** `npm run test:soak` sets these; the seed of a failed run repeats its faults in their order. */
const SECONDS = Number(process.env.SOAK_S ?? '60');
const SEED = Number(process.env.SOAK_SEED ?? String(Math.floor(Math.random() * 1e9)));
const QUEUE: Backend = process.env.SOAK_QUEUE === 'postgres' ? 'postgres' : 'redis';

/** A small generator with a seed (mulberry32): the same seed gives the same faults. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * below);
  };
}

const moment = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

describe(`${SECONDS} s of random faults, seed ${SEED}, with the queue in ${QUEUE}`, () => {
  it(
    'lose no session, share no token and need no manual repair',
    async () => {
      process.stderr.write(`soak: ${SECONDS} s, SOAK_SEED=${SEED} SOAK_QUEUE=${QUEUE}\n`);
      const random = generator(SEED);
      const deployment = await TestDeployment.start({
        queue: QUEUE,
        gateways: 2,
        workers: 2,
        ownPostgres: true,
        env: { DATABASE_TIMEOUT_MS: '1200' },
      });
      const closed = new Set<string>();
      const faults: [string, () => Promise<void>][] = [
        [
          'a worker is killed',
          async () => {
            const [victim] = deployment.workers.splice(random(deployment.workers.length), 1);
            await victim?.kill9();
            await deployment.startWorker();
          },
        ],
        [
          'a worker is terminated',
          async () => {
            const [victim] = deployment.workers.splice(random(deployment.workers.length), 1);
            await Promise.all([victim?.terminate(), deployment.startWorker()]);
          },
        ],
        [
          'a worker freezes for 4 s',
          async () => {
            const victim = deployment.workers[random(deployment.workers.length)];
            victim?.signal('SIGSTOP');
            await moment(4000);
            victim?.signal('SIGCONT');
          },
        ],
        ['a gateway is killed', () => replaceGateway((gateway) => gateway.kill9())],
        ['a gateway is terminated', () => replaceGateway((gateway) => gateway.terminate())],
        [
          'Postgres crashes for 3 s',
          async () => {
            await deployment.stopPostgres('crash');
            await moment(3000);
            await deployment.restartPostgres();
          },
        ],
        ['CAS fails', () => casFault({ kind: 'status', status: 503 })],
        ['CAS cuts connections', () => casFault({ kind: 'reset' })],
        ['CAS hangs', () => casFault({ kind: 'hang' })],
        ['CAS drips', () => casFault({ kind: 'drip', times: 5 })],
        [
          'sessions are closed',
          async () => {
            const rows = await deployment.database
              .rows<{ id: string }>(
                `SELECT id FROM sessions WHERE status IN ('pending', 'ready') ORDER BY random() LIMIT 5`,
              )
              .catch(() => []);
            for (const { id } of rows) {
              const reply = await deployment
                .client(0)
                .close(id)
                .catch(() => null);
              if (reply?.status === 204) closed.add(id);
            }
          },
        ],
        ...(QUEUE === 'redis'
          ? ([
              [
                'Redis is killed and comes back empty',
                async () => {
                  await deployment.stopRedis();
                  await moment(2000);
                  await deployment.restartRedis();
                },
              ],
            ] satisfies [string, () => Promise<void>][])
          : []),
      ];

      async function casFault(fault: Parameters<TestDeployment['cas']['fault']>[0]): Promise<void> {
        await deployment.cas.fault(fault);
        await moment(3000);
        await deployment.cas.clearFaults();
      }

      async function replaceGateway(
        end: (gateway: TestDeployment['gateways'][number]) => Promise<unknown>,
      ): Promise<void> {
        const n = random(2);
        const victim = deployment.gateways[n];
        if (victim === undefined) return;
        const PORT = new URL(victim.url).port;
        await end(victim);
        const kept = [...deployment.clients];
        const replacement = await deployment.startGateway({ PORT });
        // The same address serves again, so the same clients go on.
        deployment.gateways.splice(deployment.gateways.indexOf(replacement), 1);
        deployment.gateways[n] = replacement;
        await Promise.all(
          deployment.clients
            .splice(0, deployment.clients.length, ...kept)
            .slice(2)
            .map((client) => client.end()),
        );
      }

      const stop = new AbortController();
      try {
        const load = openRooms(deployment, 20, stop.signal, 'soak', 30);
        const end = performance.now() + SECONDS * 1000;
        while (performance.now() < end) {
          const [name, strike] = faults[random(faults.length)] ?? faults[0] ?? ['', () => Promise.resolve()];
          process.stderr.write(`soak: ${name}\n`);
          await strike();
          await moment(random(1500));
        }
        stop.abort();
        const { accepted, statuses } = await load;
        process.stderr.write(`soak: ${accepted.size} sessions accepted, answers ${JSON.stringify([...statuses])}\n`);

        const waiting = [...accepted].filter((id) => !closed.has(id));
        await eventually(async () => {
          const rest = await deployment.database.rows<{ id: string; status: string; failure_code: string | null }>(
            `SELECT id, status, failure_code FROM sessions WHERE id = ANY($1) AND status NOT IN ('ready', 'closed') LIMIT 5`,
            [waiting],
          );
          expect(rest).toEqual([]);
        }, 120_000);
        expect(accepted.size).toBeGreaterThan(SECONDS);
        expect([...statuses.keys()].filter((status) => ![0, 200, 201, 202, 503].includes(status))).toEqual([]);
        const brought = await deployment.database.rows(
          `SELECT id, status FROM sessions WHERE id = ANY($1) AND status <> 'closed'`,
          [[...closed]],
        );
        expect(brought).toEqual([]);
        await expectInvariants(deployment, accepted);
      } finally {
        stop.abort();
        await deployment.end();
      }
    },
    (SECONDS + 240) * 1000,
  );
});
