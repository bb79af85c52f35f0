import assert from 'node:assert/strict';
import { sameToken } from './same-token.mjs';

const OUR_PROCESSES = ['gateway', 'worker'];

/** Kills the process in a container, which is the child of its init process. */
async function killProcess(deployment, container) {
  await deployment.sh(`kill -KILL $(pgrep --parent ${container.State.Pid})`);
}

/** Tries until a room can be opened: right after a restart a request may be answered with 503. */
async function roomWithin(deployment, room, tries = 30) {
  for (let time = 1; ; time += 1) {
    try {
      return await deployment.openRoom(room);
    } catch (error) {
      if (time === tries) throw error;
      await deployment.sh('sleep 1');
    }
  }
}

export const outages = Object.fromEntries([
  ...OUR_PROCESSES.map((service) => [
    `SIGTERM: ${service} ends with 0 within its grace period, and starts again`,
    async (deployment) => {
      const { Id, Config } = await deployment.container(service);
      const started = performance.now();
      await deployment.sh(`docker stop ${Id}`);
      const seconds = (performance.now() - started) / 1000;
      const stopped = await deployment.container(service);
      assert.equal(stopped.State.ExitCode, 0);
      assert.ok(seconds < Config.StopTimeout, `${seconds} s`);
      await deployment.sh(`docker start ${Id}`);
      await deployment.healthy(service);
      await roomWithin(deployment, `after-sigterm-${service}`);
    },
  ]),

  ...OUR_PROCESSES.map((service) => [
    `kill -9: ${service} is started again, and rooms open`,
    async (deployment) => {
      const { Id } = await deployment.container(service);
      await killProcess(deployment, await deployment.container(service));
      await roomWithin(deployment, `after-sigkill-${service}`);
      await deployment.healthy(service);
      const restarts = await deployment.sh(`docker inspect --format '{{.RestartCount}}' ${Id}`);
      assert.equal(restarts, '1');
    },
  ]),

  ...['postgres', 'redis'].map((service) => [
    `${service} restarts: rooms open again, and no process of the product was restarted`,
    async (deployment) => {
      const restarts = async () =>
        (await Promise.all(OUR_PROCESSES.map((name) => deployment.containers(name))))
          .flat()
          .map(({ Name, RestartCount, State }) => [Name, RestartCount, State.StartedAt]);
      const before = await restarts();
      await deployment.sh(`docker compose restart --no-deps ${service}`);
      await deployment.healthy(service);
      await roomWithin(deployment, `after-${service}`);
      assert.deepEqual(await restarts(), before);
    },
  ]),

  [
    'all containers are killed at once: what was accepted is still there',
    async (deployment) => {
      const session = await deployment.openRoom('before-the-power-cut');
      await deployment.sh('docker kill $(docker ps --quiet)');
      await deployment.sh('docker compose up -d --wait');
      const { body } = await deployment.api('GET', `/v1/sessions/${session.id}`);
      sameToken(body, session);
    },
  ],

  [
    'down and up keeps sessions, tokens and keys',
    async (deployment) => {
      const session = await deployment.openRoom('before-down');
      await deployment.sh('docker compose down');
      assert.equal(await deployment.sh('docker ps --all --quiet'), '');
      await deployment.sh('docker compose up -d --wait');
      const again = await deployment.openRoom('before-down');
      assert.equal(again.id, session.id);
      sameToken(again, session);
    },
  ],
]);
