import { existsSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { expectInvariants } from '../support/invariants.js';
import { expectReady, metric } from '../support/sessions.js';
import { type Backend, TestDeployment } from '../support/test-deployment.js';
import { expectTimeline } from '../support/timelines.js';

/** Preloaded rather than wrapped around: so the process that is started is the worker itself. */
const FAKETIME = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu']
  .map((directory) => `${directory}/faketime/libfaketime.so.1`)
  .find((library) => existsSync(library));

if (FAKETIME === undefined && process.env.CI === 'true') throw new Error('faketime is not installed');

describe.each<Backend>(['postgres', 'redis'])(
  'a worker whose clock is a minute ahead, with the queue in %s',
  (queue) => {
    (FAKETIME === undefined ? it.skip : it)(
      'may run a job twice, but publishes no token twice',
      async () => {
        const deployment = await TestDeployment.start({ queue, workers: 1 });
        try {
          await deployment.startWorker({
            LD_PRELOAD: FAKETIME ?? '',
            FAKETIME: '+60s',
            FAKETIME_DONT_FAKE_MONOTONIC: '1',
          });
          const skew = await metric(deployment.worker.opsUrl, 'clock_skew_seconds');
          expect(skew).toBeGreaterThan(50);
          await deployment.cas.fault({ kind: 'delay', delayMs: 800, times: 10 });
          const opened = await Promise.all(
            Array.from({ length: 30 }, (_, n) => deployment.client().openRoom(`skewed-${n}`)),
          );
          const ids = opened.map((reply) => reply.body.id);
          await expectReady(deployment, ids, 40_000);
          const before = await Promise.all(ids.map((id) => deployment.client().read(id)));
          expect(new Set(before.map((reply) => reply.body.tokens?.stream)).size).toBe(ids.length);
          await expectInvariants(deployment, ids);
          const noted = await deployment.database.rows<{ id: string }>(
            `SELECT id FROM sessions WHERE timeline @> '[{"reason": "clock-skew"}]'`,
          );
          expect(noted).not.toEqual([]);
          await expectTimeline(
            deployment.client(),
            noted[0]?.id ?? '',
            /clock of the worker is .* ahead of the database/,
          );
        } finally {
          await deployment.end();
        }
      },
      90_000,
    );
  },
);
