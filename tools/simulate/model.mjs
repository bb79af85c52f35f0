// The discrete-event model of a kick-off. What moves through it is a parcel of rooms: one room each for small runs, more for
// large ones, so that a million rooms cost as much time as some ten thousand.
import { EventQueue } from './event-queue.mjs';

const MOST_PARCELS = 50_000;
const BUCKETS = 60;
/** Shares of the work of a room before its token is minted: assumptions, since the benchmark measures their sum only. */
const FIRST_HALF = 0.5;

/** Runs it. `plan` is what options.mjs returns, `costs` those of costs.mjs. The same plan gives the same result. */
export function simulate(plan, costs) {
  const { rooms, workers, concurrency, products, casMs, casRps, inFlight, joiners, reads, sse } = plan;
  const random = randomOf(plan.seed);
  const slotsInAll = workers * concurrency;
  const size = Math.max(1, Math.min(Math.ceil(rooms / MOST_PARCELS), Math.floor(Math.max(slotsInAll, 10) / 10)));
  const count = Math.ceil(rooms / size);
  const sizeOf = (i) => Math.min(size, rooms - i * size);
  const stations = stationsOf(plan, costs.usable);
  const work = workOf(plan, costs);
  const limiter = { free: 0, busy: 0 };
  const began = new Float64Array(count);
  const took = new Float64Array(count);
  const curve = new Curve(plan.seconds);

  const events = new EventQueue();
  const waiting = [];
  let nextWaiting = 0;
  let slots = slotsInAll;
  let started = 0;
  let end = 0;
  let mostHeld = 0;
  let held = 0;

  const visit = (part, ms, rooms_, t) => stations.visit(part, ms * rooms_, ms, t);
  // A client opens its room; joiners of the same room ask at the same time.
  const opened = (i, t) => visit('client', work.client, sizeOf(i), t);
  const joined = (i, t) => {
    if (joiners === 0) return;
    visit('gateway', costs.joiner.gateway * joiners, sizeOf(i), t);
    visit('postgres', costs.joiner.postgres * joiners, sizeOf(i), t);
  };
  const used = (i, t) => {
    if (reads > 0) visit('gateway', costs.read.gateway * reads, sizeOf(i), t);
    // An event to an SSE connection is counted as a read from memory: the benchmark has no figure of it.
    if (sse > 0) visit('gateway', costs.read.gateway * sse, sizeOf(i), t);
  };
  const minted = [
    opened,
    (i, t) => {
      joined(i, t);
      return visit('gateway', work.gateway * FIRST_HALF, sizeOf(i), t);
    },
    (i, t) => visit('postgres', work.postgres * FIRST_HALF, sizeOf(i), t),
    (i, t) => {
      if (plan.answersAtOnce) beginNext(t);
      return visit('redis', work.redis * FIRST_HALF, sizeOf(i), t);
    },
    // The job needs one of the places of the workers; it keeps it until its token is published.
    (i, t) => {
      if (slots < sizeOf(i)) {
        waiting.push(i);
        return undefined;
      }
      slots -= sizeOf(i);
      return t;
    },
    (i, t) => visit('worker', work.worker * FIRST_HALF, sizeOf(i), t),
    (i, t) => {
      let from = t;
      if (casRps > 0) {
        limiter.free = Math.max(limiter.free, t) + (sizeOf(i) * products) / casRps;
        limiter.busy += (sizeOf(i) * products) / casRps;
        from = limiter.free;
      }
      return visit('cas', work.cas, sizeOf(i), from) + (casMs / 1000) * (0.9 + 0.2 * random());
    },
    (i, t) => visit('worker', work.worker * (1 - FIRST_HALF), sizeOf(i), t),
    (i, t) => visit('postgres', work.postgres * (1 - FIRST_HALF), sizeOf(i), t),
    (i, t) => visit('redis', work.redis * (1 - FIRST_HALF), sizeOf(i), t),
    (i, t) => {
      slots += sizeOf(i);
      while (nextWaiting < waiting.length && slots >= sizeOf(waiting[nextWaiting])) {
        const next = waiting[nextWaiting++];
        slots -= sizeOf(next);
        events.push(t, next, 5);
      }
      used(i, t);
      return visit('gateway', work.gateway * (1 - FIRST_HALF), sizeOf(i), t);
    },
  ];
  // A room that takes its tokens from the warm pool has no job.
  const pooled = [
    opened,
    (i, t) => {
      joined(i, t);
      return visit('gateway', costs.pooled.gateway, sizeOf(i), t);
    },
    (i, t) => {
      if (plan.answersAtOnce) beginNext(t);
      used(i, t);
      return visit('postgres', costs.pooled.postgres, sizeOf(i), t);
    },
  ];
  const stepsOf = (i) => (i * size < plan.pool ? pooled : minted);

  const begin = (i, t) => {
    began[i] = t;
    held += sizeOf(i);
    mostHeld = Math.max(mostHeld, held);
    curve.began(t, sizeOf(i));
    events.push(t, i, 0);
  };
  const beginNext = (t) => {
    if (inFlight > 0 && started < count) begin(started++, t);
  };
  if (inFlight > 0) while (started < Math.min(count, Math.ceil(inFlight / size))) begin(started++, 0);
  else events.push(arrival(plan, random() / count), 0, -1);

  for (let event = events.pop(); event !== undefined; event = events.pop()) {
    const { t, i, step } = event;
    if (step === -1) {
      begin(i, t);
      if (i + 1 < count) events.push(Math.max(t, arrival(plan, (i + 1 + random()) / count)), i + 1, -1);
    } else if (step < stepsOf(i).length) {
      const done = stepsOf(i)[step](i, t);
      if (done !== undefined) events.push(done, i, step + 1);
    } else {
      took[i] = t - began[i];
      held -= sizeOf(i);
      end = Math.max(end, t);
      curve.ended(t, sizeOf(i));
      if (!plan.answersAtOnce) beginNext(t);
    }
  }

  took.sort();
  const at = (share) => took[Math.min(count - 1, Math.floor(share * count))];
  return {
    rooms,
    roomsPerParcel: size,
    seconds: end,
    throughput: rooms / end,
    readyMs: { p50: at(0.5) * 1000, p99: at(0.99) * 1000, most: took[count - 1] * 1000 },
    mostPending: mostHeld,
    backlog: curve.backlog(end),
    utilisation: { ...stations.utilisation(end), ...(casRps > 0 ? { 'CAS rate': limiter.busy / end } : {}) },
  };
}

/** CPU of a room by part. HTTP to CAS is taken as half of the worker's, and grows with the products; the rest does not. */
export function workOf({ products, measuredProducts }, { room }) {
  const byProduct = products / measuredProducts;
  return {
    client: room.client ?? 0,
    gateway: room.gateway,
    worker: room.worker * (0.5 + 0.5 * byProduct),
    postgres: room.postgres,
    redis: room.redis ?? 0,
    cas: (room.cas ?? 0) * byProduct,
  };
}

/** Cores of each part: a process of Node, and Redis, has one thread that does the work. */
export function coresOf({ gateways, workers, postgresCores, redisShards, queue }) {
  return {
    gateway: gateways,
    worker: workers,
    postgres: postgresCores,
    ...(queue === 'redis' ? { redis: redisShards } : {}),
  };
}

function stationsOf(plan, usable) {
  const shared = plan.sharedCores > 0;
  const cores = shared ? { machine: plan.sharedCores } : coresOf(plan);
  const state = Object.fromEntries(Object.keys(cores).map((name) => [name, { free: 0, busy: 0 }]));
  const parts = {};
  return {
    /** Queues `ms` of work at a part, of which one room has `msOfOne`, and returns when it is done. */
    visit(part, ms, msOfOne, t) {
      parts[part] = (parts[part] ?? 0) + ms / 1000;
      const name = shared ? 'machine' : part;
      if (state[name] === undefined) return t; // the clients and the vendor have machines of their own
      const capacity = cores[name] * usable;
      const station = state[name];
      const busy = ms / 1000 / capacity;
      station.free = Math.max(station.free, t) + busy;
      station.busy += busy;
      // Cores work side by side, as one fast server; what a room needs of one core is still the least it takes.
      return station.free + Math.max(0, msOfOne / 1000 / usable - msOfOne / 1000 / capacity);
    },
    utilisation(end) {
      const all = Object.entries(state).map(([name, { busy }]) => [name, busy / end]);
      const of = shared
        ? Object.entries(parts).map(([name, s]) => [`machine: ${name}`, s / (plan.sharedCores * usable * end)])
        : [];
      return Object.fromEntries([...all, ...of]);
    },
  };
}

/** When the share `u` of all rooms has been opened. The peak of a kick-off, in its middle, is twice the mean. */
function arrival({ seconds, shape }, u) {
  const share = Math.min(u, 1);
  if (shape === 'even') return share * seconds;
  return seconds * (share < 0.5 ? Math.sqrt(share / 2) : 1 - Math.sqrt((1 - share) / 2));
}

/** Rooms that are open but not ready, over time. The time beyond the arrivals is unknown beforehand: buckets are merged. */
class Curve {
  #width;
  #change = new Float64Array(BUCKETS * 2);
  constructor(seconds) {
    this.#width = Math.max(seconds, 1) / BUCKETS;
  }
  #add(t, change) {
    while (Math.floor(t / this.#width) >= this.#change.length) {
      const merged = new Float64Array(this.#change.length);
      this.#change.forEach((value, i) => (merged[i >> 1] += value));
      this.#change = merged;
      this.#width *= 2;
    }
    this.#change[Math.floor(t / this.#width)] += change;
  }
  began(t, rooms) {
    this.#add(t, rooms);
  }
  ended(t, rooms) {
    this.#add(t, -rooms);
  }
  backlog(end) {
    let pending = 0;
    return [...this.#change.slice(0, Math.floor(end / this.#width) + 1)].map((change, i) => ({
      at: (i + 1) * this.#width,
      pending: (pending += change),
    }));
  }
}

/** mulberry32 */
function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
}
