// Walks through docs/operations.md with the commands that are written there.
import assert from 'node:assert/strict';
import { commandsOf } from '../../tools/containers/runbook.mjs';
import { sameToken } from './same-token.mjs';

const NEXT = '99.0.0';
/** Replacing the only gateway takes a few seconds; this machine may be busy with other work. */
const LONGEST_GAP_MS = 20_000;

/** The release that every container of a service runs. */
async function releases(deployment, service) {
  const containers = await deployment.containers(service);
  const ask = `node -p 'JSON.parse(require("fs").readFileSync("/app/package.json")).version'`;
  return Promise.all(containers.map(({ Id }) => deployment.sh(`docker exec ${Id} ${ask}`)));
}

/** Makes the files of the project those of another release. */
function checkOut(deployment, version) {
  const manifest = deployment.read('package.json');
  const previous = JSON.parse(manifest).version;
  deployment.write('package.json', manifest.replace(`"version": "${previous}"`, `"version": "${version}"`));
  return previous;
}

/** Runs commands while a session is read. */
async function withoutGatewayForSeconds(deployment, commands) {
  const { longestGapMs } = await deployment.whileReading(session, async () => {
    for (const line of commands) await deployment.sh(line);
  });
  console.log(`      no answer for ${(longestGapMs / 1000).toFixed(1)} s`);
  assert.ok(longestGapMs < LONGEST_GAP_MS, `no answer for ${longestGapMs} ms`);
}

async function replacesNothing(deployment) {
  const ids = () => deployment.sh('docker ps --quiet --no-trunc | sort');
  const before = await ids();
  await deployment.sh('docker compose up -d --wait');
  assert.equal(await ids(), before);
}

let previous;
let session;

export const upgrade = {
  'the previous release runs, with two workers and a room': async (deployment) => {
    deployment.append('.env', 'WORKERS=2\n');
    await deployment.sh('docker compose up -d --wait');
    session = await deployment.openRoom('kept-open');
    previous = checkOut(deployment, NEXT);
    assert.notEqual(previous, NEXT);
  },

  'upgrade: until the last command no request fails': async (deployment) => {
    const commands = commandsOf('docs/operations.md', 'upgrade');
    assert.match(commands.at(-1), / gateway$/);
    const { reads, failed } = await deployment.whileReading(session, async () => {
      for (const line of commands.slice(0, -1)) await deployment.sh(line);
    });
    assert.ok(reads > 20, `${reads} reads`);
    assert.equal(failed, 0);
    assert.deepEqual(await releases(deployment, 'worker'), [NEXT, NEXT]);
    assert.deepEqual(await releases(deployment, 'gateway'), [previous]);
    await deployment.openRoom('by-both-releases');
  },

  'upgrade: the last command replaces the gateway within seconds': async (deployment) => {
    await withoutGatewayForSeconds(deployment, [commandsOf('docs/operations.md', 'upgrade').at(-1)]);
    for (const service of ['gateway', 'worker', 'cas-sandbox']) {
      assert.deepEqual([service, new Set(await releases(deployment, service))], [service, new Set([NEXT])]);
    }
    await deployment.openRoom('by-the-next-release');
  },

  'a plain up after the upgrade replaces nothing': replacesNothing,

  'rollback: the previous release runs again, on a schema that is newer than it': async (deployment) => {
    const migration = `INSERT INTO migrations (timestamp, name) VALUES (9999999999999, 'OfTheNextRelease9999999999999')`;
    await deployment.sh(
      `docker compose exec -T postgres psql --username=watchtogether --dbname=watchtogether --command="${migration}"`,
    );
    checkOut(deployment, previous);
    await withoutGatewayForSeconds(deployment, commandsOf('docs/operations.md', 'rollback'));
    for (const service of ['gateway', 'worker', 'cas-sandbox']) {
      assert.deepEqual([service, new Set(await releases(deployment, service))], [service, new Set([previous])]);
    }
    await deployment.openRoom('by-the-previous-release');
  },

  'a plain up after the rollback replaces nothing': replacesNothing,

  'the room of before has the same token': async (deployment) => {
    const { body } = await deployment.api('GET', `/v1/sessions/${session.id}`);
    sameToken(body, session);
  },
};
