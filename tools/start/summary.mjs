// What `npm start` prints when everything is up: where each part is, and a first request.
import { secondsSince } from '../steps.mjs';
import { networkAddresses } from './network.mjs';
import { apiUrl } from './plan.mjs';

/** `postgres` is undefined when the database is given from outside. */
export function summary({ plan, env, secrets, postgres, startedAt }) {
  const { ports, logDir, given, host } = plan;
  const api = apiUrl(plan);
  const ops = (port) => `http://127.0.0.1:${port}`;
  const rows = [
    ['API', api],
    ...networkAddresses(host).map((address) => ['in your network', `http://${address}:${ports.gateway}`]),
    ['Swagger UI', `${api}/docs`],
    ['OpenAPI', `${api}/openapi.json`],
    ...(env.DEMO === 'off' ? [] : [['watch page', `${api}/demo#link=${secrets.link}  (this link works once)`]]),
    ['development key', secrets.apiKey ?? 'yours, from BOOTSTRAP_API_KEY'],
    ['console', `${ops(ports.gatewayOps)}/console`],
    ['gateway ops', `${ops(ports.gatewayOps)}/readyz  /livez  /metrics`],
    ['worker ops', `${ops(ports.workerOps)}/readyz  /livez  /metrics`],
    [
      'CAS',
      given.CAS ? `yours, from ${given.CAS_URL ? 'CAS_URL' : 'CAS_ENDPOINTS'}` : `${ops(ports.sandbox)} (sandbox)`,
    ],
    ['database', given.DATABASE_URL ? 'yours, from DATABASE_URL' : `Postgres on 127.0.0.1:${ports.postgres}`],
    ['queue', given.REDIS_URL ? 'in Redis, from REDIS_URL' : 'in the database'],
    ['logs', logDir],
    ['data', dataPlaces(plan, postgres)],
    ['stop', 'Ctrl-C'],
  ];
  const request = `curl -sX PUT ${api}/v1/rooms/derby/session -H ${authorization(secrets, env)} -H 'Prefer: wait=10'`;
  return [
    `\n  watchtogether-auth-server is up after ${secondsSince(startedAt)}\n`,
    ...rows.map(([name, value]) => `  ${name.padEnd(17)}${value}`),
    '\n  A session with its token:\n',
    `${request}\n\n`,
  ].join('\n');
}

function authorization({ apiKey }, env) {
  if (apiKey) return `'Authorization: Bearer ${apiKey}'`;
  return `"Authorization: Bearer ${env.BOOTSTRAP_API_KEY ? '$BOOTSTRAP_API_KEY' : '$(cat "$BOOTSTRAP_API_KEY_FILE")'}"`;
}

function dataPlaces({ dataDir }, postgres) {
  const isInside = !postgres || postgres.dataDir.startsWith(dataDir);
  return isInside ? dataDir : `${dataDir}, and Postgres in ${postgres.dataDir}`;
}
