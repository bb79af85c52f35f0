import { expect } from '@jest/globals';
import { eventually } from './eventually.js';
import type { TestDeployment } from './test-deployment.js';

/** Waits until all of these sessions are ready, as the database says. */
export async function expectReady(
  deployment: TestDeployment,
  ids: readonly string[],
  deadlineMs = 30_000,
): Promise<void> {
  await eventually(async () => {
    const rest = await deployment.database.rows<{ id: string; status: string; failure_code: string | null }>(
      `SELECT id, status, failure_code FROM sessions WHERE id = ANY($1) AND status <> 'ready'`,
      [ids],
    );
    expect(rest).toEqual([]);
  }, deadlineMs);
}

/** Waits until CAS holds this many calls in flight (fault `hang`). */
export async function expectHeld(deployment: TestDeployment, count: number, deadlineMs = 15_000): Promise<void> {
  await eventually(async () => {
    expect(await deployment.cas.held()).toBe(count);
  }, deadlineMs);
}

/** One metric of a process, by its name and labels as they stand in `/metrics`; 0 when it is not there. */
export async function metric(opsUrl: string, name: string): Promise<number> {
  const text = await (await fetch(`${opsUrl}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}

/** Waits until the queue is empty: no job waits, runs or is delayed. */
export async function expectNoJobs(deployment: TestDeployment, deadlineMs = 20_000): Promise<void> {
  await eventually(async () => {
    const { opsUrl } = deployment.worker;
    const states = ['waiting', 'active', 'delayed'];
    const counts = await Promise.all(states.map((state) => metric(opsUrl, `queue_jobs{state="${state}"}`)));
    expect(counts).toEqual([0, 0, 0]);
  }, deadlineMs);
}
