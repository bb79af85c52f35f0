import assert from 'node:assert/strict';
import { commandsOf } from '../../tools/containers/runbook.mjs';
import { LASTING, ONCE } from './services.mjs';
import { sameToken } from './same-token.mjs';

export const start = {
  'the commands of README.md build and start everything': async (deployment) => {
    for (const line of commandsOf('README.md', 'containers')) await deployment.sh(line);
  },

  'every service is healthy': async (deployment) => {
    for (const service of LASTING) {
      const { State, RestartCount } = await deployment.container(service);
      assert.deepEqual([service, State.Health.Status, RestartCount], [service, 'healthy', 0]);
    }
  },

  'the migration and the roles ended with 0': async (deployment) => {
    for (const service of ONCE) {
      const { State } = await deployment.container(service);
      assert.deepEqual([service, State.Status, State.ExitCode], [service, 'exited', 0]);
    }
  },

  'a room is opened with the key that make-secrets.sh names, and its session has a token': async (deployment) => {
    const output = await deployment.sh('sh docker/make-secrets.sh');
    const command = /^The API key: +(cat .+)$/m.exec(output)?.[1];
    const key = await deployment.sh(command);
    const { status, body } = await deployment.api('PUT', '/v1/rooms/first/session', { key });
    assert.ok([200, 201].includes(status), `status ${status}`);
    assert.ok(/^[\w-]+\.[\w-]+\.[\w-]+$/.test(body.tokens.stream), 'not a JWT');
  },

  'reading the session returns the same token': async (deployment) => {
    const opened = await deployment.openRoom('first');
    const { body } = await deployment.api('GET', `/v1/sessions/${opened.id}`);
    sameToken(body, opened);
  },

  'without a key there is no token': async (deployment) => {
    assert.equal((await deployment.api('PUT', '/v1/rooms/first/session', { key: '' })).status, 401);
  },

  'the doctor of docs/operations.md finds no fault, in a container': async (deployment) => {
    for (const line of commandsOf('docs/operations.md', 'doctor')) {
      // There is no terminal here.
      const output = await deployment.sh(line.replace('compose exec', 'compose exec -T'));
      assert.doesNotMatch(output, /✗/);
    }
  },

  'the log says on which address the gateway listens': async (deployment) => {
    assert.match(await deployment.sh('docker compose logs gateway'), /"url":"http:\/\/0\.0\.0\.0:3000"/);
  },
};
