import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gatewayNamespaces, migrateNamespaces, workerNamespaces } from '@app/config';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { helmProgram } from '../../tools/helm-program.mjs';
import { annotationsOf, ofKind, podFaults, podsOf, relationFaults } from '../support/helm-policies.mjs';
import { render, schemaFaults, type Values } from '../support/helm.js';

const ROOT = join(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

const PEER = { to: [{ ipBlock: { cidr: '10.0.0.5/32' } }] };
const SECRET = 'a-secret-that-must-not-show';
const VALUES_OF_SECRETS = {
  databaseUrl: { value: `postgres://app:${SECRET}@db/wt` },
  migrationUrl: { value: `postgres://owner:${SECRET}@db/wt` },
  scalerUrl: { value: `postgres://scaler:${SECRET}@db/wt` },
  redisUrl: { value: `redis://:${SECRET}@redis:6379` },
  tokenEncryptionKeys: { value: `k1:${SECRET}` },
  casApiKey: { value: `key-${SECRET}` },
  casApiSecret: { value: SECRET },
  admissionSecret: { value: `whsec_${SECRET}` },
  bootstrapApiKey: { value: `wtk_${SECRET}` },
  redisSentinelPassword: { value: `sentinel-${SECRET}` },
  otlpHeaders: { value: `authorization=${SECRET}` },
  httpsProxy: { value: `http://proxy:${SECRET}@proxy:3128` },
};

/** Enough to install. */
const BASE = {
  image: { repository: 'registry.example.com/watchtogether' },
  cas: { url: 'https://cas.example.com' },
  networkPolicy: { egress: { postgres: PEER, redis: PEER, proxy: PEER } },
};
/** Several CAS endpoints, and a pace. */
const ENDPOINTS = { url: '', maxRps: 500 };
const EXISTING = { secrets: { existingSecret: 'watchtogether' } };

/** Each with a name, and merged on top of each other. */
const CHOICES = {
  migrate: {
    hook: {},
    job: { migrate: { mode: 'job' } },
    none: { migrate: { mode: 'none' } },
  },
  workers: {
    fixed: { worker: { replicas: 4 } },
    hpa: { worker: { hpa: { enabled: true } } },
    'keda by postgres': { worker: { keda: { enabled: true, vendor: { requestsPerSecond: 2500 } } } },
    'keda by prometheus': {
      worker: {
        keda: {
          enabled: true,
          trigger: 'prometheus',
          maxReplicas: 7,
          prometheus: { serverAddress: 'http://prom:9090' },
        },
      },
    },
  },
  gateways: {
    fixed: {},
    'hpa by cpu': { gateway: { hpa: { enabled: true } } },
    'hpa by connections': { gateway: { hpa: { enabled: true, podMetrics: { enabled: true } } } },
  },
  secrets: {
    existing: EXISTING,
    values: { secrets: VALUES_OF_SECRETS },
    'existing, of several endpoints': {
      cas: ENDPOINTS,
      secrets: { existingSecret: 'watchtogether', casEndpoints: { enabled: true } },
    },
    'values, of several endpoints': {
      cas: ENDPOINTS,
      secrets: { ...VALUES_OF_SECRETS, casApiKey: {}, casApiSecret: {}, casEndpoints: { value: `["${SECRET}"]` } },
    },
  },
  queue: { redis: {}, postgres: { queue: 'postgres' } },
  services: {
    none: {},
    'identity provider and admission': {
      gateway: {
        config: { OIDC_ISSUER: 'https://login.example.com', OIDC_AUDIENCE: 'wt', ADMISSION_URL: 'https://a.example' },
      },
      config: {
        LOG_LEVEL: 'debug',
        DATABASE_POOL: 20,
        OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.example.com',
      },
      networkPolicy: { egress: { traces: PEER } },
    },
  },
  ingress: Object.fromEntries(
    ['off', 'nginx', 'nginx-inc', 'haproxy', 'traefik', 'alb', 'none'].map((controller) => [
      controller,
      controller === 'off'
        ? {}
        : {
            ingress: {
              enabled: true,
              controller,
              hosts: ['a.example'],
              tls: [{ hosts: ['a.example'], secretName: 'tls' }],
            },
          },
    ]),
  ),
  monitoring: { off: {}, on: { monitoring: { enabled: true, labels: { release: 'prom' } } } },
  policies: { on: {}, off: { networkPolicy: { enabled: false }, podDisruptionBudget: { enabled: false } } },
  placement: {
    default: {},
    chosen: {
      gateway: { nodeSelector: { pool: 'a' }, podLabels: { team: 'x' }, podAnnotations: { a: 'b' } },
      worker: { tolerations: [{ key: 'spot', operator: 'Exists' }], affinity: { nodeAffinity: {} } },
      extraVolumes: [{ name: 'ca', configMap: { name: 'ca' } }],
      extraVolumeMounts: [{ name: 'ca', mountPath: '/ca' }],
      commonLabels: { team: 'y' },
      priorityClassName: 'high',
      image: { pullSecrets: [{ name: 'pull' }] },
    },
  },
};
/** All of these with each other; the others in turns, so that each choice occurs with many of them. */
const CROSSED = ['migrate', 'workers', 'gateways'] as const;

function merge(base: Values, over: Values): Values {
  const isObject = (value: unknown): value is Values =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const merged = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    merged[key] = isObject(before) && isObject(value) ? merge(before, value) : value;
  }
  return merged;
}

function combinations(): [name: string, values: Values][] {
  let crossed: [string, string][][] = [[]];
  for (const dimension of CROSSED) {
    crossed = crossed.flatMap((chosen) =>
      Object.keys(CHOICES[dimension]).map((choice): [string, string][] => [...chosen, [dimension, choice]]),
    );
  }
  const others = Object.keys(CHOICES).filter((name) => !CROSSED.some((one) => one === name));
  return crossed.map((chosen, index) => {
    const turned = others.map((dimension, position): [string, string] => {
      const names = Object.keys(CHOICES[dimension as keyof typeof CHOICES]);
      // Two that have as many choices do not turn together.
      const turn = Math.floor(index / (position % 3 === 0 ? 1 : position + 1)) + position;
      return [dimension, names[turn % names.length] ?? ''];
    });
    const all = [...chosen, ...turned];
    const values = all.reduce<Values>(
      (merged, [dimension, choice]) =>
        merge(merged, (CHOICES[dimension as keyof typeof CHOICES] as Record<string, Values>)[choice] ?? {}),
      BASE,
    );
    return [all.map(([dimension, choice]) => `${dimension}: ${choice}`).join(', '), values];
  });
}

const PROCESSES: Record<string, Record<string, { variables: object }>> = {
  gateway: gatewayNamespaces,
  worker: workerNamespaces,
  migrate: migrateNamespaces,
  doctor: { ...gatewayNamespaces, ...workerNamespaces },
};

/** The variables that a process reads, and which of them are secrets. */
function variablesOf(process: string): { all: string[]; secret: string[] } {
  const entries = Object.values(PROCESSES[process] ?? {}).flatMap(({ variables }) =>
    Object.entries(variables as Record<string, { secret?: boolean }>),
  );
  return {
    all: entries.map(([name]) => name),
    secret: entries.filter(([, { secret }]) => secret).map(([name]) => name),
  };
}

const hasHelm = helmProgram() !== undefined;
if (!hasHelm && process.env.CI === 'true') throw new Error('Helm is not installed');
if (!hasHelm) console.warn('SKIPPED: the Helm chart is not tested, since Helm is not installed');

(hasHelm ? describe : describe.skip)('the Helm chart', () => {
  const all = combinations();

  it('tries each choice several times', () => {
    for (const [dimension, choices] of Object.entries(CHOICES)) {
      for (const choice of Object.keys(choices)) {
        expect(all.filter(([name]) => name.includes(`${dimension}: ${choice}`)).length).toBeGreaterThan(2);
      }
    }
  });

  it.each(all)('renders what the schemas accept and the policies allow, with %s', async (_name, values) => {
    const { error, manifests, text } = await render(values);
    expect(error).toBe('');
    expect((await Promise.all(manifests.map(schemaFaults))).flat()).toEqual([]);
    expect(podsOf(manifests).flatMap((pod) => podFaults(pod, variablesOf(pod.component)))).toEqual([]);
    expect(relationFaults(manifests)).toEqual([]);
    const secrets = ofKind(manifests, 'Secret').map(({ data }) => JSON.stringify(data));
    expect(secrets.join().length > 0).toBe(JSON.stringify(values).includes(SECRET));
    // In clear text nowhere, in base64 in Secrets only.
    expect(text).not.toContain(SECRET);
    const others = manifests.filter(({ kind }) => kind !== 'Secret');
    expect(JSON.stringify(others)).not.toContain(Buffer.from(SECRET).toString('base64').slice(4, 24));
  });

  it.each([
    ['image.repository is missing', { image: { repository: '' } }],
    ['cas.url is missing', { cas: { url: '' } }],
    ['cas.url is set beside secrets.casEndpoints', { secrets: { casEndpoints: { enabled: true } } }],
    ['config.CAS_ENDPOINTS is a secret', { config: { CAS_ENDPOINTS: '[]' } }],
    ['worker.config.CAS_MAX_RPS is set by the chart: use cas.maxRps', { worker: { config: { CAS_MAX_RPS: 5 } } }],
    ['secrets.redisUrl is missing: the URL of Redis, redis://', { secrets: { existingSecret: '' } }],
    ['named in secrets.existingSecret', { secrets: { existingSecret: '' } }, 'name that in secrets.existingSecret'],
    [
      'secrets.casApiKey has both existingSecret and value',
      { secrets: { casApiKey: { existingSecret: 'x', value: 'y' } } },
    ],
    [
      'secrets.admissionSecret is missing',
      {
        secrets: { existingSecret: '', ...VALUES_OF_SECRETS, admissionSecret: {} },
        gateway: { config: { ADMISSION_URL: 'https://a.example' } },
      },
    ],
    ['worker.config.CAS_API_SECRET is a secret', { worker: { config: { CAS_API_SECRET: 'x' } } }],
    ['config.DATABASE_URL_FILE is a secret', { config: { DATABASE_URL_FILE: '/x' } }],
    ['config.DEMO_LINK_SECRET is a secret', { config: { DEMO_LINK_SECRET: 'x' } }],
    [
      'gateway.config.TRUST_PROXY is set by the chart: use gateway.trustProxy',
      { gateway: { config: { TRUST_PROXY: 1 } } },
    ],
    ['config.NODE_ENV is set by the chart: leave it out', { config: { NODE_ENV: 'development' } }],
    [
      'worker.hpa and worker.keda are both enabled',
      {
        worker: { hpa: { enabled: true }, keda: { enabled: true, maxReplicas: 5 } },
      },
    ],
    ['worker.replicas is set beside an autoscaler', { worker: { replicas: 3, hpa: { enabled: true } } }],
    ['gateway.replicas is set beside gateway.hpa', { gateway: { replicas: 3, hpa: { enabled: true } } }],
    ['gateway.hpa.minReplicas is above', { gateway: { hpa: { enabled: true, minReplicas: 30 } } }],
    ['worker.hpa.minReplicas is above', { worker: { hpa: { enabled: true, minReplicas: 30 } } }],
    ['worker.keda has no upper limit', { worker: { keda: { enabled: true } } }],
    ['worker.keda.minReplicas is above', { worker: { keda: { enabled: true, minReplicas: 9, maxReplicas: 5 } } }],
    [
      'worker.keda.prometheus.serverAddress is missing',
      {
        worker: { keda: { enabled: true, trigger: 'prometheus', maxReplicas: 5 } },
      },
    ],
    ['networkPolicy.egress.postgres.to is missing', { networkPolicy: { egress: { postgres: { to: [] } } } }],
    ['networkPolicy.egress.redis.to is missing', { networkPolicy: { egress: { redis: { to: [] } } } }],
    ['networkPolicy.egress.traces.to is missing', { config: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel:4318' } }],
    [
      'networkPolicy.egress.proxy.to is missing',
      {
        secrets: { httpsProxy: { enabled: true } },
        networkPolicy: { egress: { proxy: { to: [] } } },
      },
    ],
    ['ingress.hosts is empty', { ingress: { enabled: true, tls: [{ secretName: 'x' }] } }],
    ['ingress.tls is empty', { ingress: { enabled: true, hosts: ['a.example'] } }],
    ['minReplicas', { worker: { keda: { minReplicas: 1 } } }, "at '/worker/keda/minReplicas': minimum: got 1, want 2"],
    ['scale-down window', { worker: { keda: { scaleDownStabilizationSeconds: 60 } } }, 'minimum: got 60, want 300'],
    ['limits', { gateway: { resources: { limits: null } } }, "at '/gateway/resources'"],
    ['an egress rule for all addresses', { networkPolicy: { egress: { postgres: { to: [{}] } } } }, 'minProperties'],
    ['an unknown value', { gatway: {} }, "additional properties 'gatway' not allowed"],
  ] as [string, Values, string?][])('refuses with a sentence: %s', async (what, values, sentence = what) => {
    const { error } = await render(merge(merge(BASE, EXISTING), values));
    expect(error).toContain(sentence);
  });

  it('names all faults at once', async () => {
    const { error } = await render({ image: { repository: '' } });
    expect(error.match(/^ {2}- /gm)?.length).toBeGreaterThan(8);
  });

  it('names the key that an existing Secret lacks, in a cluster', async () => {
    const cluster = await fakeCluster({ 'database-url': 'eA==', 'token-encryption-keys': 'eA==' });
    try {
      const { port } = cluster.address() as AddressInfo;
      const args = ['--dry-run=server', '--kube-apiserver', `http://127.0.0.1:${String(port)}`];
      const { error } = await render(merge(merge(BASE, EXISTING), { queue: 'postgres' }), { args });
      expect(error).toContain(
        'the Secret watchtogether in the namespace watchtogether has no key cas-api-secret: the secret that the vendor issued',
      );
      expect(error).not.toContain('database-url');
    } finally {
      cluster.close();
    }
  });

  it('has a place for every secret that gateways and workers read', () => {
    const table = read('deploy/helm/watchtogether/templates/_secrets.tpl');
    for (const process of ['gateway', 'worker', 'migrate']) {
      const placed = [...table.matchAll(/variable: (\w+), readers: \[([\w, ]+)\]/g)]
        .filter(([, , readers]) => readers?.split(', ').includes(process))
        .map(([, variable]) => variable);
      const { secret } = variablesOf(process);
      // Of the watch page in development.
      const needed = secret.filter((name) => name !== 'DEMO_LINK_SECRET');
      expect([...new Set(placed)].toSorted()).toEqual(needed.toSorted());
    }
  });

  it('passes on and off as the processes expect them, and large numbers as they are', async () => {
    const config = { SWAGGER: false, DEMO: true, MAX_CONNECTIONS: 1_000_000 };
    const { text } = await render(merge(merge(BASE, EXISTING), { gateway: { config } }));
    for (const [name, value] of [
      ['SWAGGER', 'off'],
      ['DEMO', 'on'],
      ['MAX_CONNECTIONS', '1000000'],
    ]) {
      expect(text).toMatch(new RegExp(`name: ${String(name)}\\n\\s+value: "${String(value)}"`));
    }
  });

  it('caps workers at what uses up the rate of CAS', async () => {
    const most = async (keda: Values, cas: Values = {}): Promise<unknown> => {
      const { manifests } = await render(
        merge(merge(BASE, EXISTING), { cas, worker: { keda: { enabled: true, ...keda } } }),
      );
      const [scaled] = ofKind(manifests, 'ScaledObject');
      return (scaled?.spec as Values | undefined)?.maxReplicaCount;
    };
    // 50 calls at a time of 500 ms each are 100 a second.
    expect(await most({ vendor: { requestsPerSecond: 950, latencyMs: 500 } })).toBe(10);
    // Of fast calls one worker makes no more than its CPU allows.
    expect(await most({ vendor: { requestsPerSecond: 950, latencyMs: 10 } })).toBe(4);
    expect(await most({ vendor: { requestsPerSecond: 5 } })).toBe(2);
    expect(await most({ vendor: { latencyMs: 500 } }, { maxRps: 950 })).toBe(10);
    expect(await most({ maxReplicas: 6, vendor: { requestsPerSecond: 5 } })).toBe(6);
  });

  it('gives a migration without a hook a new name for each image', async () => {
    const job = async (tag: string): Promise<string | undefined> => {
      const { manifests } = await render(merge(merge(BASE, EXISTING), { migrate: { mode: 'job' }, image: { tag } }));
      return ofKind(manifests, 'Job')[0]?.metadata.name;
    };
    const [first, again, next] = [await job('1.0.0'), await job('1.0.0'), await job('1.0.1')];
    expect(first).toMatch(/^wt-watchtogether-migrate-[0-9a-f]{8}$/);
    expect(again).toBe(first);
    expect(next).not.toBe(first);
  });

  it('tells the proxy that buffers not to', async () => {
    const annotations = async (controller: string): Promise<Record<string, string>> => {
      const ingress = { enabled: true, controller, hosts: ['a.example'], tls: [{ secretName: 'tls' }] };
      const { manifests } = await render(merge(merge(BASE, EXISTING), { ingress }));
      return annotationsOf(ofKind(manifests, 'Ingress')[0]?.metadata ?? { name: '' });
    };
    expect(await annotations('nginx')).toMatchObject({
      'nginx.ingress.kubernetes.io/proxy-buffering': 'off',
      'nginx.ingress.kubernetes.io/proxy-read-timeout': '60',
    });
    expect(await annotations('nginx-inc')).toMatchObject({ 'nginx.org/proxy-buffering': 'false' });
    expect(await annotations('none')).toEqual({});
  });

  it('has the version of the product, and the heap of its image', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(parse(read('deploy/helm/watchtogether/Chart.yaml'))).toMatchObject({ version, appVersion: version });
    const { nodeOptions } = parse(read('deploy/helm/watchtogether/values.yaml')) as { nodeOptions: string };
    expect(read('Dockerfile')).toContain(`ENV NODE_OPTIONS="${nodeOptions}"`);
  });

  it('names the jobs as the alerts expect them', async () => {
    const { manifests } = await render({}, { examples: ['production.yaml'] });
    const monitors = ofKind(manifests, 'PodMonitor');
    expect(monitors.map(({ spec }) => (spec as Values).jobLabel)).toEqual(Array(2).fill('app.kubernetes.io/component'));
    const rules = ofKind(manifests, 'PrometheusRule')[0]?.spec as { groups: { rules: { expr: string }[] }[] };
    const jobs = rules.groups.flatMap(({ rules }) => rules.flatMap(({ expr }) => expr.match(/job=~?"[^"]+"/g) ?? []));
    expect([...new Set(jobs)]).toEqual(expect.arrayContaining(['job=~"gateway|worker"']));
    const components = podsOf(manifests).map(({ component }) => component);
    for (const job of jobs) for (const name of job.split('"')[1]?.split('|') ?? []) expect(components).toContain(name);
  });

  it('scales by metrics that exist', async () => {
    const known = [...read('docs/metrics.md').matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
    const named = async (values: Values, pattern: RegExp) => {
      const { text } = await render(merge(merge(BASE, EXISTING), values));
      return [...text.matchAll(pattern)].map(([, name]) => name);
    };
    const { workers, gateways } = CHOICES;
    const metrics = [
      ...(await named(gateways['hpa by connections'], /metric: \{ name: (\w+) \}/g)),
      ...(await named(workers['keda by prometheus'], /query: "max\((\w+)\{/g)),
    ];
    expect(metrics).toEqual(['held_requests', 'sse_connections', 'sessions']);
    expect(known).toEqual(expect.arrayContaining(metrics));
  });

  it('keeps names within the limit of Kubernetes', async () => {
    const { error, manifests } = await render(merge(merge(BASE, EXISTING), { fullnameOverride: 'x'.repeat(60) }));
    expect(error).toBe('');
    for (const { metadata } of manifests) expect(metadata.name.length).toBeLessThanOrEqual(63);
  });
});

/** An API server that knows one Secret. */
async function fakeCluster(data: Record<string, string>): Promise<Server> {
  const answers: Record<string, object> = {
    '/version': { major: '1', minor: '34', gitVersion: 'v1.34.0' },
    '/api': { kind: 'APIVersions', versions: ['v1'] },
    '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
    '/api/v1': {
      kind: 'APIResourceList',
      groupVersion: 'v1',
      resources: [{ name: 'secrets', singularName: 'secret', namespaced: true, kind: 'Secret', verbs: ['get'] }],
    },
    '/api/v1/namespaces/watchtogether/secrets/watchtogether': {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'watchtogether', namespace: 'watchtogether' },
      data,
    },
  };
  const server = createServer((request, response) => {
    const answer = answers[request.url?.split('?')[0] ?? ''];
    response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify(answer ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound' }));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return server;
}
