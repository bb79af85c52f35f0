import type { Namespace } from './namespaces/namespace.js';
import { access } from './namespaces/access.js';
import { admission } from './namespaces/admission.js';
import { apiClient } from './namespaces/api-client.js';
import { cas } from './namespaces/cas.js';
import { console } from './namespaces/console.js';
import { database } from './namespaces/database.js';
import { demo } from './namespaces/demo.js';
import { egress } from './namespaces/egress.js';
import { http } from './namespaces/http.js';
import { mint } from './namespaces/mint.js';
import { oidc } from './namespaces/oidc.js';
import { ops } from './namespaces/ops.js';
import { pool } from './namespaces/pool.js';
import { queue } from './namespaces/queue.js';
import { roomApi } from './namespaces/room-api.js';
import { runtime } from './namespaces/runtime.js';
import { sandbox } from './namespaces/sandbox.js';
import { sealing } from './namespaces/sealing.js';
import { sessions } from './namespaces/sessions.js';
import { tracing } from './namespaces/tracing.js';
import { webhookDeliveries } from './namespaces/webhook-deliveries.js';
import { webhooks } from './namespaces/webhooks.js';

/** The namespaces each process reads. A process reads only what it needs: the gateway never sees CAS secrets. */
export const gatewayNamespaces = {
  runtime,
  http,
  ops: ops(3001),
  tracing: tracing('watchtogether-gateway'),
  database,
  queue,
  sealing,
  access,
  oidc,
  admission,
  egress,
  sessions,
  pool,
  webhooks,
  roomApi,
  demo,
  console,
};
export const workerNamespaces = {
  runtime,
  ops: ops(3002),
  tracing: tracing('watchtogether-worker'),
  database,
  queue,
  sealing,
  cas,
  egress,
  mint,
  pool,
  webhooks,
  webhookDeliveries,
};
export const sandboxNamespaces = { runtime, sandbox };
export const migrateNamespaces = { runtime, database };
export const keysNamespaces = { runtime, database };
export const sessionsNamespaces = { runtime, database, queue, sessions };
export const resealNamespaces = { runtime, database, sealing };
export const poolNamespaces = { runtime, database, pool };
export const roomsNamespaces = { apiClient };
export const webhooksNamespaces = { runtime, database, sealing, webhooks };
/** What `doctor` checks: everything gateways and workers read, as far as it is set in the current shell. */
export const doctorNamespaces = { ...gatewayNamespaces, ...workerNamespaces };

export type SettingsOf<T extends Record<string, Namespace>> = { [K in keyof T]: ReturnType<T[K]['settings']> };
export type GatewaySettings = SettingsOf<typeof gatewayNamespaces>;
export type WorkerSettings = SettingsOf<typeof workerNamespaces>;
export type SandboxSettings = SettingsOf<typeof sandboxNamespaces>;
export type MigrateSettings = SettingsOf<typeof migrateNamespaces>;

/** The settings of every namespace, for libraries used by several processes. */
export type AllSettings = GatewaySettings & WorkerSettings & SandboxSettings;
