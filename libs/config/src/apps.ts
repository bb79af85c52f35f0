import type { Topic } from './topic.js';
import { access } from './topics/access.js';
import { admission } from './topics/admission.js';
import { cas } from './topics/cas.js';
import { database } from './topics/database.js';
import { demo } from './topics/demo.js';
import { http } from './topics/http.js';
import { mint } from './topics/mint.js';
import { oidc } from './topics/oidc.js';
import { ops } from './topics/ops.js';
import { queue } from './topics/queue.js';
import { roomApi } from './topics/room-api.js';
import { runtime } from './topics/runtime.js';
import { sandbox } from './topics/sandbox.js';
import { sealing } from './topics/sealing.js';
import { sessions } from './topics/sessions.js';

/** Which process reads which topics. A process is not told what it does not need: the gateway never sees CAS secrets. */
export const gatewayTopics = {
  runtime,
  http,
  ops: ops(3001),
  database,
  queue,
  sealing,
  access,
  oidc,
  admission,
  sessions,
  roomApi,
  demo,
};
export const workerTopics = { runtime, ops: ops(3002), database, queue, sealing, cas, mint };
export const sandboxTopics = { runtime, sandbox };
export const migrateTopics = { runtime, database };
export const keysTopics = { runtime, database };
export const sessionsTopics = { runtime, database, queue, sessions };
export const resealTopics = { runtime, database, sealing };
/** What the doctor looks at: whatever gateways and workers are told, as far as its shell is told too. */
export const doctorTopics = { ...gatewayTopics, ...workerTopics };

export type SettingsOf<T extends Record<string, Topic>> = { [K in keyof T]: ReturnType<T[K]['settings']> };
export type GatewaySettings = SettingsOf<typeof gatewayTopics>;
export type WorkerSettings = SettingsOf<typeof workerTopics>;
export type SandboxSettings = SettingsOf<typeof sandboxTopics>;
export type MigrateSettings = SettingsOf<typeof migrateTopics>;

/** Every topic's settings, for libraries that serve several processes and pick what they need. */
export type AllSettings = GatewaySettings & WorkerSettings & SandboxSettings;
