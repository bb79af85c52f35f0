import type { AllSettings } from '@app/config';
import { PostgresAccess } from '@app/connections';
import { type DatabaseFindings, examineDatabase } from '@app/entities';
import { fault, type Finding, ok, warning } from './finding.js';

const OLDEST_POSTGRES = 15;
const MOST_SKEW_S = 2;

type ServerFindings = NonNullable<DatabaseFindings['server']>;

/** Checks the database; `ready` if the rows can be checked too. */
export async function database(
  { url }: AllSettings['database'],
  production: boolean,
): Promise<{ ready: boolean; findings: Finding[] }> {
  const access = new PostgresAccess({ url });
  const { state, text, server } = await examineDatabase(access);
  if (server === undefined) {
    return {
      ready: false,
      findings: [fault('database', text || `${access.place}: no response`, 'see docs/operations.md')],
    };
  }
  const findings = [
    version(access.place, server),
    encryption(access),
    state === 'old-schema'
      ? fault('schema', 'older than this release', 'run npm run migrate')
      : ok('schema', 'up to date'),
    pooling(server),
    ...(state === 'old-schema' ? [] : [rights(server, production)]),
    clock(server),
  ];
  return { ready: state !== 'old-schema', findings };
}

function version(place: string, server: ServerFindings): Finding {
  const text = `${place}, version ${server.version}`;
  return server.major >= OLDEST_POSTGRES
    ? ok('database', text)
    : fault('database', text, `upgrade to PostgreSQL ${String(OLDEST_POSTGRES)} or newer`);
}

function encryption({ tls, place }: PostgresAccess): Finding {
  if (tls === 'verified') return ok('database TLS', 'encrypted, certificate verified');
  if (tls === 'none' && isLocal(place)) return ok('database TLS', 'none, on this machine');
  const text = tls === 'none' ? 'none: password and rows cross the network in clear text' : 'certificate not verified';
  return warning(
    'database TLS',
    text,
    'add sslmode=verify-full to DATABASE_URL, with sslrootcert if the CA is private',
  );
}

function isLocal(place: string): boolean {
  return / at (localhost|127\.[\d.]+|\[::1\]|\/.*):\d+$/.test(place);
}

function pooling({ keepsSession, listens }: ServerFindings): Finding {
  if (keepsSession && listens) return ok('connections', 'session state is kept and LISTEN works');
  return fault(
    'connections',
    keepsSession ? 'LISTEN receives no notifications' : 'session state is lost between two statements',
    'connect to PostgreSQL directly or through session pooling, not transaction pooling',
  );
}

function rights({ role, superuser, notWritable }: ServerFindings, production: boolean): Finding {
  if (notWritable !== null) return fault('rights', notWritable, 'run docker/grants.sql as the owner');
  if (superuser && production) {
    return warning('rights', `${role} is a superuser`, 'use a role with only the rights it needs (docker/grants.sql)');
  }
  return ok('rights', `${role} can read and write the tables`);
}

function clock({ skewS }: ServerFindings): Finding {
  const skew = `this host is ${Math.abs(skewS).toFixed(1)} s ${skewS < 0 ? 'behind' : 'ahead of'} the database`;
  return Math.abs(skewS) <= MOST_SKEW_S ? ok('clock', skew) : warning('clock', skew, 'synchronize both clocks (NTP)');
}
