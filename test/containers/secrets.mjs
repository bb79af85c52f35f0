import assert from 'node:assert/strict';
import { LASTING } from './services.mjs';

/** Which secrets a text contains, by the names of their files. */
function secretsIn(deployment, text) {
  return deployment.secrets().flatMap(([name, value]) => (text.includes(value) ? [name] : []));
}

export const secrets = {
  'every container has the files of its own secrets, and no others': async (deployment) => {
    const { services } = JSON.parse(await deployment.sh('docker compose config --format json'));
    for (const service of LASTING) {
      const files = await deployment.sh(`docker compose exec -T ${service} sh -c 'ls /run/secrets 2>/dev/null || :'`);
      const declared = (services[service].secrets ?? []).map(({ source }) => source);
      assert.deepEqual([service, files.split('\n').sort()], [service, declared.sort()]);
    }
  },

  'no secret is in what Docker knows of containers and images': async (deployment) => {
    const known = await deployment.sh('docker inspect $(docker ps --all --quiet) $(docker image ls --quiet)');
    assert.match(known, /DATABASE_URL_FILE/);
    assert.deepEqual(secretsIn(deployment, known), []);
  },

  'no secret is in a layer of the image': async (deployment) => {
    const history = await deployment.sh('docker history --no-trunc watchtogether-auth-server');
    assert.deepEqual(secretsIn(deployment, history), []);
    const names = await deployment.sh(
      `docker run --rm --network none watchtogether-auth-server find /app -name '.secrets' -o -name '.env*' -o -name .git`,
    );
    assert.equal(names, '');
  },

  'no secret is in the environment or the command line of a process': async (deployment) => {
    const read = `for p in $(docker ps --quiet | xargs -n 1 docker inspect --format '{{.State.Pid}}'); do
      for q in $p $(pgrep --parent $p); do tr '\\0' '\\n' </proc/$q/environ; tr '\\0' '\\n' </proc/$q/cmdline; done; done`;
    const text = await deployment.sh(read);
    assert.match(text, /DATABASE_URL_FILE=/);
    assert.deepEqual(secretsIn(deployment, text), []);
  },

  'no secret is in a log, and no token': async (deployment) => {
    const { tokens } = await deployment.openRoom('in-the-log');
    const logs = await deployment.sh('docker compose logs --no-color');
    assert.match(logs, /gateway is up/);
    assert.deepEqual(secretsIn(deployment, logs), []);
    assert.ok(!logs.includes(tokens.stream));
  },

  'a secret in .env reaches only the process that reads it': async (deployment) => {
    const before = deployment.read('.env');
    try {
      const values = { ADMISSION_SECRET: 'whsec_for-the-gateway', HTTPS_PROXY: 'http://for-the-worker.test' };
      deployment.append(
        '.env',
        Object.entries(values)
          .map((pair) => `${pair.join('=')}\n`)
          .join(''),
      );
      const { services } = JSON.parse(await deployment.sh('docker compose config --format json'));
      const having = (name) =>
        Object.keys(services).filter((service) => services[service].environment?.[name] === values[name]);
      assert.deepEqual(having('ADMISSION_SECRET'), ['gateway']);
      assert.deepEqual(having('HTTPS_PROXY'), ['worker']);
    } finally {
      deployment.write('.env', before);
    }
  },
};
