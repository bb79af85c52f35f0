import { type CasReport, maxOf } from './figures.js';
import type { FleetProcess, FleetState } from './fleet.js';
import type { Rise } from './sample.js';
import { deadline, iso, percent, sessions, trouble, type Trouble, waits } from './trouble.js';

/** A failed call of CAS says something about now for this long, in s, unless sessions wait. */
const CALL_HOLDS_S = 60;
/** Shares of failed calls are not told of fewer than this many. */
const ENOUGH = 20;
/** Outcomes that hold at every endpoint. */
const REJECTIONS = ['cas-credentials-rejected', 'cas-rejected'];

/** What is wrong with each endpoint of CAS. */
export function casTroubles(state: FleetState, alive: readonly FleetProcess[]): Trouble[] {
  const byEndpoint = casByEndpoint(alive);
  const well = [...byEndpoint].filter(([, reports]) => reports.every((one) => one.trouble === null));
  const instead = well.map(([name]) => name);
  return [...byEndpoint].flatMap(([name, reports]) =>
    endpointTrouble(state, alive, { name: byEndpoint.size === 1 ? null : name, key: `cas:${name}`, reports, instead }),
  );
}

/** The reports of the workers, by endpoint in the order of preference. */
export function casByEndpoint(processes: readonly FleetProcess[]): Map<string, CasReport[]> {
  return Map.groupBy(
    processes.flatMap(({ figures }) => figures.states.cas),
    ({ endpoint }) => endpoint,
  );
}

interface EndpointReports {
  /** Null if it is the only one. */
  name: string | null;
  key: string;
  reports: readonly CasReport[];
  /** The endpoints that are well. */
  instead: readonly string[];
}

function endpointTrouble(
  { counts, now }: FleetState,
  alive: readonly FleetProcess[],
  { name, key, reports, instead }: EndpointReports,
): Trouble[] {
  const inTrouble = reports.filter((cas) => cas.trouble !== null);
  const [worst] = inTrouble
    .flatMap((cas) => cas.trouble ?? [])
    .sort((one, other) => Date.parse(one.since) - Date.parse(other.since));
  if (worst === undefined) return [];
  const { what, past } = casWords(worst.outcome, worst.status, name);
  const lastCall = Math.max(...inTrouble.map((cas) => (cas.lastCallAt === null ? 0 : Date.parse(cas.lastCallAt))));
  const isOld = now - lastCall > 1000 * CALL_HOLDS_S && counts.pending === 0;
  const open = alive.some(({ figures }) => maxOf(figures, 'breaker_state') > 0);
  const some =
    inTrouble.length < alive.length ? ` at ${String(inTrouble.length)} of ${String(alive.length)} workers` : '';
  const isReplaced = instead.length > 0 && !REJECTIONS.includes(worst.outcome);
  const doing = isReplaced
    ? `Sessions are minted at ${instead[0] ?? ''} meanwhile. It is probed every 5 s while sessions are opened, and preferred again when it is well.`
    : casDoing(worst.outcome, counts, open);
  return [
    trouble(key, isOld || isReplaced ? 'warn' : 'bad', {
      what: isOld ? `${past} at the last call` : `${what}${some}`,
      past,
      doing: isOld
        ? `Nothing waits, so it has not been called since [[${iso(lastCall)}]]. The next session shows whether it is over.`
        : doing,
      since: Date.parse(worst.since),
    }),
  ];
}

/**
 * What CAS does, now and in the past.
 *
 * @param endpoint its name, if there are several
 */
export function casWords(
  outcome: string,
  status: number | null,
  endpoint: string | null,
): { what: string; past: string } {
  const code = String(status);
  const cas = endpoint === null ? 'CAS' : `CAS endpoint ${endpoint}`;
  switch (outcome) {
    case 'cas-credentials-rejected':
      return {
        what: `${cas} rejects the credentials of this deployment (${code})`,
        past: `${cas} rejected the credentials of this deployment (${code})`,
      };
    case 'cas-rejected':
      return { what: `${cas} rejects the calls (${code})`, past: `${cas} rejected the calls (${code})` };
    case 'cas-bad-reply':
      return { what: `${cas} answers without a usable token`, past: `${cas} answered without a usable token` };
    default:
      return status === null
        ? { what: `${cas} does not answer`, past: `${cas} did not answer` }
        : { what: `${cas} answers ${code}`, past: `${cas} answered ${code}` };
  }
}

function casDoing(outcome: string, counts: FleetState['counts'], open: boolean): string {
  if (outcome === 'cas-credentials-rejected')
    return 'Sessions fail at once and are not retried. Correct CAS_API_KEY and CAS_API_SECRET (or CAS_ENDPOINTS), then redrive the failed sessions.';
  if (outcome === 'cas-rejected')
    return 'Sessions that it rejects fail at once and are not retried. Ask the vendor what it rejects, then redrive them.';
  const wait = counts.pending === 0 ? 'No session waits' : `${sessions(counts.pending)} ${waits(counts.pending)}`;
  const circuit = open
    ? 'the circuit is open, and CAS is probed every 5 s'
    : 'each session is tried again with growing pauses';
  return `${wait}; ${circuit}. ${deadline(counts)}`;
}

/** CAS fails some calls and not others. */
export function casShare({ now }: FleetState, alive: readonly FleetProcess[], recent: readonly Rise[]): Trouble[] {
  // The failures of a trouble that has just ended are no new one.
  const isTold = ({ figures: { states } }: FleetProcess) =>
    states.cas.some(
      ({ trouble: current, previous }) =>
        current !== null || (previous !== null && now - Date.parse(previous.until) < 75_000),
    );
  if (alive.some(isTold)) return [];
  let all = 0;
  let ok = 0;
  for (const { casByOutcome } of recent) {
    for (const [outcome, count] of Object.entries(casByOutcome)) {
      all += count;
      if (outcome === 'ok') ok += count;
    }
  }
  const share = all === 0 ? 0 : (all - ok) / all;
  if (all < ENOUGH || share < 0.1) return [];
  return [
    trouble('cas-share', 'warn', {
      what: `CAS fails ${percent(share)} of the calls`,
      past: 'CAS failed some of the calls',
      doing: 'The sessions of these calls are tried again with growing pauses.',
    }),
  ];
}
