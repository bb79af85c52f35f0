import assert from 'node:assert/strict';
import { IMAGE } from '../../tools/containers/deployment.mjs';
import { OURS } from './services.mjs';

/** What a build may add to its base image. */
const LARGEST_MB = 80;
const APPS = ['gateway', 'worker', 'cas-sandbox', 'cli'];

/** Runs a command in a container of the image alone: without Compose, network, variables or secrets. */
function inImage(deployment, command) {
  return deployment.attempt(`docker run --rm --network none --read-only ${IMAGE} ${command}`);
}

/** What it prints. @throws if it fails */
async function printed(deployment, command) {
  const { code, output } = await inImage(deployment, command);
  assert.equal(code, 0, output);
  return output.trim();
}

export const image = {
  'there is one image, and every process runs it': async (deployment) => {
    const id = await deployment.sh(`docker image inspect --format '{{.Id}}' ${IMAGE}`);
    for (const service of OURS) {
      assert.deepEqual([service, (await deployment.container(service)).Image], [service, id]);
    }
    const names = await deployment.sh(`docker image ls --format '{{.Repository}}'`);
    assert.deepEqual(
      names.split('\n').filter((name) => name.includes('watchtogether')),
      [IMAGE],
    );
  },

  [`it adds at most ${LARGEST_MB} MB to its base image`]: async (deployment) => {
    const size = async (name) => Number(await deployment.sh(`docker image inspect --format '{{.Size}}' ${name}`));
    const addedMb = ((await size(IMAGE)) - (await size('node:24-slim'))) / 1e6;
    assert.ok(addedMb <= LARGEST_MB, `${addedMb.toFixed(1)} MB`);
  },

  'it has dist and package.json, and no node_modules': async (deployment) => {
    assert.equal(await printed(deployment, 'ls -A /app'), 'dist\npackage.json');
    assert.equal(await printed(deployment, 'find /app -name node_modules'), '');
  },

  'no package that only development needs is in it, TypeScript least of all': async (deployment) => {
    const { packages } = JSON.parse(deployment.read('package-lock.json'));
    const named = (wanted) =>
      Object.entries(packages)
        .filter(([, { dev, devOptional }]) => (dev === true || devOptional === true) === wanted)
        .map(([path]) => path.split('node_modules/').at(-1));
    // A package may be there twice, in a version for each.
    const development = new Set(named(true)).difference(new Set(named(false)));
    assert.ok(development.has('typescript'));
    for (const app of APPS) {
      const licences = await printed(deployment, `cat dist/apps/${app}/THIRD-PARTY-LICENSES.txt`);
      const bundled = [...licences.matchAll(/^(\S+) \d+\.\d+\.\S+ \([^)]+\)$/gm)].map(([, name]) => name);
      assert.ok(bundled.length > 5, `${app}: ${bundled.length} packages`);
      assert.deepEqual([app, bundled.filter((name) => development.has(name))], [app, []]);
    }
  },

  'its user is not root, and can write to no file in it': async (deployment) => {
    assert.equal(await deployment.sh(`docker image inspect --format '{{.Config.User}}' ${IMAGE}`), '10001:10001');
    const writable = "find / -xdev ! -path '/proc/*' ! -path '/sys/*' ! -path '/dev/*' -type f -writable";
    // Not read-only: the rights of the files are what counts.
    const { stdout } = await deployment.attempt(`docker run --rm --network none ${IMAGE} ${writable} 2>/dev/null || :`);
    assert.equal(stdout, '');
  },

  'a process without its variables names all of them in a sentence, and ends with 1': async (deployment) => {
    const expected = {
      gateway: ['DATABASE_URL', 'TOKEN_ENCRYPTION_KEYS'],
      worker: ['DATABASE_URL', 'TOKEN_ENCRYPTION_KEYS', 'CAS_URL', 'CAS_API_KEY', 'CAS_API_SECRET'],
    };
    for (const [app, names] of Object.entries(expected)) {
      const { code, output } = await inImage(deployment, `node dist/apps/${app}/main.js`);
      assert.deepEqual([app, code], [app, 1]);
      for (const name of names) assert.match(output, new RegExp(`\\b${name}\\b`));
      assert.doesNotMatch(output, /\n\s+at /, 'a stack trace');
    }
  },

  'the sandbox refuses to run in production': async (deployment) => {
    const { code, output } = await inImage(deployment, 'node dist/apps/cas-sandbox/main.js');
    assert.equal(code, 1);
    assert.match(output, /production/);
  },
};
