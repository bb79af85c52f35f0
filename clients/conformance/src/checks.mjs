import { closed } from './checks/closed.mjs';
import { credential } from './checks/credential.mjs';
import { expiry } from './checks/expiry.mjs';
import { firstFields } from './checks/first-fields.mjs';
import { forgedFields } from './checks/forged-fields.mjs';
import { malformed } from './checks/malformed.mjs';
import { noStore } from './checks/no-store.mjs';
import { oddNames } from './checks/odd-names.mjs';
import { race } from './checks/race.mjs';
import { replicas } from './checks/replicas.mjs';
import { restart } from './checks/restart.mjs';
import { separateRooms } from './checks/separate-rooms.mjs';
import { unknown } from './checks/unknown.mjs';

/**
 * Run in this order, each on rooms of its own. `run` returns what was observed, or throws a FaultError, a SkipError or a
 * WarningError. `only`: applies to one contract; `withoutKey`: needs no credential.
 */
export const CHECKS = [
  race,
  replicas,
  restart,
  expiry,
  oddNames,
  separateRooms,
  firstFields,
  forgedFields,
  unknown,
  closed,
  noStore,
  credential,
  malformed,
];
