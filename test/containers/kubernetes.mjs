import assert from 'node:assert/strict';
import { IMAGE } from '../../tools/containers/deployment.mjs';
import { Pods, renderChart } from '../../tools/containers/pods.mjs';
import { waitUntil } from '../../tools/processes.mjs';

/** Set by the first check. */
let pods;

/** Each with the component whose pods run on. */
const RUNNING = ['worker', 'gateway'];

export const kubernetes = {
  'podman gets the image, and the gateway and worker of Compose stop': async (deployment) => {
    await deployment.sh('docker compose stop gateway worker');
    pods = new Pods(deployment, await renderChart(await valuesFor(deployment), deployment));
    await pods.remove();
    await pods.loadImage(IMAGE);
  },

  'the migration of the Helm chart ends with 0': async () => {
    await pods.play('migrate');
    const { code, log } = await pods.ended('migrate');
    assert.deepEqual([code, /^migrate: already up to date$/m.test(log)], [0, true], log);
  },

  'helm test passes: doctor finds no fault with the configuration of the chart': async () => {
    await pods.play('doctor');
    const { code, log } = await pods.ended('doctor');
    assert.equal(code, 0, log);
    for (const check of ['rights', 'queue', 'CAS', 'key ring']) assert.match(log, new RegExp(`^✓ ${check}`, 'm'));
    assert.doesNotMatch(log, /✗/);
  },

  'gateway and worker become ready and alive where their probes ask': async (deployment) => {
    for (const component of RUNNING) {
      await pods.play(component);
      const [container] = pods.spec(component).containers;
      for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
        const { path, port } = container[probe].httpGet;
        const { containerPort } = container.ports.find(({ name }) => name === port);
        const url = `http://127.0.0.1:${containerPort}${path}`;
        const answers = async () => (await deployment.attempt(`curl --silent --fail --max-time 2 ${url}`)).code === 0;
        assert.ok(await waitUntil(answers, { timeoutMs: 60_000, everyMs: 300 }), `${component}: ${url}`);
      }
    }
  },

  'a room is opened, minted and read through them': async (deployment) => {
    const opened = await deployment.openRoom('kubernetes');
    const { body } = await deployment.api('GET', `/v1/sessions/${opened.id}`);
    assert.equal(body.tokens.stream, opened.tokens.stream);
  },

  'they run without root, capabilities, new privileges and a writable root file system': async () => {
    for (const component of RUNNING) {
      const { stdout } = await pods.exec(
        component,
        'id -u; grep -E "^(CapBnd|CapEff|NoNewPrivs|Seccomp):" /proc/1/status',
      );
      const none = '0000000000000000';
      const expected = ['10001', `CapEff:\t${none}`, `CapBnd:\t${none}`, 'NoNewPrivs:\t1', 'Seccomp:\t2'];
      assert.deepEqual(stdout.trim().split('\n'), expected, component);
      assert.match((await pods.exec(component, 'touch /file')).output, /Read-only file system/);
      const { HostConfig } = await pods.container(component);
      assert.equal(HostConfig.Memory, 768 * 1024 * 1024);
    }
  },

  'each finds its own secrets only, as files, and none in its environment': async (deployment) => {
    const common = ['database_url', 'redis_url', 'token_encryption_keys'];
    const expected = {
      gateway: ['bootstrap_api_key', ...common],
      worker: ['cas_api_key', 'cas_api_secret', ...common],
    };
    for (const component of RUNNING) {
      const { stdout } = await pods.exec(component, 'ls /run/secrets/watchtogether');
      assert.deepEqual(stdout.trim().split('\n'), expected[component]);
      const inspected = JSON.stringify(await pods.container(component));
      for (const [name, value] of deployment.secrets()) assert.ok(!inspected.includes(value), `${component}: ${name}`);
    }
  },

  'stopped as by a kubelet, they drain and end with 0 within their grace': async () => {
    for (const component of [...RUNNING].reverse()) {
      const { Config } = await pods.container(component);
      assert.equal(Config.StopTimeout, pods.spec(component).terminationGracePeriodSeconds);
      const start = performance.now();
      await pods.stop(component);
      const tookMs = performance.now() - start;
      assert.ok(tookMs < Config.StopTimeout * 1000 - 10_000, `${component} took ${tookMs} ms`);
      if (component === 'gateway') assert.ok(tookMs >= 5000, `did not drain: ${tookMs} ms`);
      assert.equal((await pods.ended(component)).code, 0);
    }
  },

  'Compose goes on as before': async (deployment) => {
    await pods.remove();
    await deployment.sh('docker compose up -d --no-build --wait worker gateway');
    await deployment.openRoom('kubernetes');
  },
};

/** Those of an operator who has stores and CAS elsewhere: the containers of Compose, by address. */
async function valuesFor(deployment) {
  const secret = (name) => deployment.read(`.secrets/${name}`).trim();
  const address = async (service) => {
    const { NetworkSettings } = await deployment.container(service);
    return Object.values(NetworkSettings.Networks)[0].IPAddress;
  };
  const [postgres, redis, sandbox] = [await address('postgres'), await address('redis'), await address('cas-sandbox')];
  return {
    image: { repository: `docker.io/library/${IMAGE}`, tag: 'latest', pullPolicy: 'Never' },
    secrets: {
      databaseUrl: { value: secret('database_url').replace('@postgres:', `@${postgres}:`) },
      migrationUrl: { value: secret('migration_url').replace('@postgres:', `@${postgres}:`) },
      redisUrl: { value: secret('redis_url').replace('@redis:', `@${redis}:`) },
      tokenEncryptionKeys: { value: secret('token_encryption_keys') },
      bootstrapApiKey: { value: secret('bootstrap_api_key') },
      casApiKey: { value: secret('cas_api_key') },
      casApiSecret: { value: secret('cas_api_secret') },
    },
    cas: { url: `http://${sandbox}:3003` },
    worker: { replicas: 1, config: { CAS_ALLOW_HTTP: true } },
    gateway: { replicas: 1 },
    networkPolicy: { enabled: false },
  };
}
