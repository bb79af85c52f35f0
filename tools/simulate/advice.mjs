// What the busiest moment asks of each part, what saturates first, and how much of each would be enough.
import { coresOf, workOf } from './model.mjs';

/** Above this share of a part, waits grow faster than the load. */
export const COMFORTABLE = 0.7;

/** Sorted by the demand at the peak of the arrivals, as a share of what there is: above 1 the part cannot keep up. */
export function demandOf(plan, costs) {
  const peak = (plan.rooms / plan.seconds) * (plan.shape === 'even' ? 1 : 2);
  // As long as the pool lasts, a room needs no worker and no CAS.
  const fromPool = plan.pool >= plan.rooms;
  const work = fromPool ? { worker: 0, redis: 0, ...costs.pooled } : workOf(plan, costs);
  const joiner = plan.joiners;
  const perRoom = {
    gateway: work.gateway + joiner * costs.joiner.gateway + (plan.reads + plan.sse) * costs.read.gateway,
    worker: work.worker,
    postgres: work.postgres + joiner * costs.joiner.postgres,
    redis: work.redis,
  };
  const parts = Object.entries(coresOf(plan)).map(([part, there]) => {
    const needed = (peak * perRoom[part]) / 1000 / costs.usable;
    return { part, there, demand: needed / there, enough: Math.max(1, Math.ceil(needed / COMFORTABLE)) };
  });
  // A job keeps its place for the latency of CAS and the work around it.
  const places = fromPool ? 0 : peak * (plan.casMs / 1000 + (work.worker + work.postgres) / 1000 / costs.usable);
  const all = plan.workers * plan.concurrency;
  parts.push({
    part: 'places for jobs',
    there: all,
    demand: places / all,
    enough: Math.max(1, Math.ceil(places / COMFORTABLE)),
  });
  const calls = fromPool ? 0 : peak * plan.products;
  if (plan.casRps > 0)
    parts.push({
      part: 'CAS rate',
      there: plan.casRps,
      demand: calls / plan.casRps,
      enough: Math.ceil(calls / COMFORTABLE),
    });
  return { peak, calls, parts: parts.sort((a, b) => b.demand - a.demand) };
}

/** The same load with as much of every part as is enough; the concurrency of a worker stays. */
export function enlarged(plan, costs) {
  const enough = Object.fromEntries(demandOf(plan, costs).parts.map(({ part, enough: n }) => [part, n]));
  return {
    ...plan,
    gateways: Math.max(2, enough.gateway),
    workers: Math.max(2, enough.worker, Math.ceil(enough['places for jobs'] / plan.concurrency)),
    postgresCores: Math.max(4, enough.postgres),
    redisShards: enough.redis ?? 1,
    casRps: plan.casRps === 0 ? 0 : Math.max(plan.casRps, enough['CAS rate']),
  };
}
