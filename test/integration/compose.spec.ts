import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Environment,
  gatewayNamespaces,
  migrateNamespaces,
  readSettings,
  sandboxNamespaces,
  workerNamespaces,
} from '@app/config';
import { API_KEY, StartupError } from '@app/kernel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';

const ROOT = join(import.meta.dirname, '../..');

const service = z.object({
  image: z.string(),
  build: z.object({ context: z.string() }).optional(),
  pull_policy: z.string().optional(),
  scale: z.string().optional(),
  ulimits: z.object({ nofile: z.string() }).optional(),
  user: z.string(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  env_file: z.array(z.strictObject({ path: z.literal('.env'), required: z.literal(false) })).default([]),
  secrets: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  networks: z.array(z.string()),
  profiles: z.array(z.string()).default([]),
  depends_on: z
    .record(z.string(), z.object({ condition: z.string(), required: z.boolean().default(true) }))
    .default({}),
  read_only: z.boolean().default(false),
  cap_drop: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
  restart: z.string().optional(),
  init: z.boolean().default(false),
  mem_limit: z.string(),
  pids_limit: z.int(),
  container_name: z.string().optional(),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
  stop_grace_period: z.string().optional(),
});

const compose = z.object({
  services: z.record(z.string(), service),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
});

const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
const text = read('docker-compose.yml');
const { services, secrets } = compose.parse(parse(text, { merge: true }));
const serviceNamed = (name: string) => service.parse(services[name]);

/** Which topics each service's process reads. */
const APPS = {
  migrate: migrateNamespaces,
  gateway: gatewayNamespaces,
  worker: workerNamespaces,
  'cas-sandbox': sandboxNamespaces,
};
type App = keyof typeof APPS;
const apps = Object.keys(APPS) as App[];

const isSecret = (variable: unknown): boolean => z.object({ secret: z.literal(true) }).safeParse(variable).success;
const secretVariables = new Set(
  Object.values(APPS)
    .flatMap((topics) => Object.values<{ variables: Record<string, unknown> }>(topics))
    .flatMap(({ variables }) => Object.keys(variables).filter((name) => isSecret(variables[name]))),
);

/** The environment of a service, as its process would see it: with .env, interpolated, and the secrets of `directory`. */
function environmentOf(app: App, directory: string, given: Environment = {}): Environment {
  const { environment, env_file } = serviceNamed(app);
  const entries = Object.entries(environment).map(([name, value]) => [
    name,
    value
      .replaceAll(/\$\{(\w+):-([^}]*)\}/g, (_match, key: string, fallback: string) => given[key] ?? fallback)
      .replace(/^\/run\/secrets\//, `${directory}/`),
  ]);
  return {
    NODE_ENV: 'production',
    ...(env_file.length > 0 && given),
    ...(Object.fromEntries(entries) as Environment),
  };
}

/** Read by Compose itself: the top of the file explains them. */
const OF_COMPOSE = [
  'POSTGRES_IMAGE',
  'REDIS_IMAGE',
  'NODE_IMAGE',
  'POSTGRES_MEMORY',
  'REDIS_MEMORY',
  'APP_MEMORY',
].concat(['APP_OPEN_FILES', 'WORKERS', 'GRAFANA_PORT', 'PROMETHEUS_RETENTION']);
/** Of the profile `observability`, read by Compose as well. */
const OF_OBSERVABILITY = ['PROMETHEUS_IMAGE', 'GRAFANA_IMAGE', 'PROMETHEUS_MEMORY', 'GRAFANA_MEMORY'];
/** Services that do their work and end. */
const ONCE = ['migrate', 'roles'];

describe('docker-compose.yml', () => {
  it('has every process of the product, and what it stands on', () => {
    const others = ['postgres', 'redis', 'roles', 'prometheus', 'grafana'];
    expect(Object.keys(services).sort()).toEqual([...apps, ...others].sort());
  });

  it.each(Object.keys(services))(
    'runs %s without root, without privileges, on a root file system it cannot write',
    (name) => {
      const { user, read_only, cap_drop, security_opt } = serviceNamed(name);
      expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
      expect({ read_only, cap_drop, security_opt }).toEqual({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
    },
  );

  it.each(Object.keys(services).filter((name) => !ONCE.includes(name)))(
    'watches %s and gives it time to stop',
    (name) => {
      const { healthcheck, stop_grace_period, restart } = serviceNamed(name);
      expect(healthcheck?.test.length).toBeGreaterThan(1);
      expect(stop_grace_period).toMatch(/^[1-9]\d*s$/);
      expect(restart).toBe('unless-stopped');
    },
  );

  it.each(Object.keys(services))('limits the memory and the processes of %s', (name) => {
    const { mem_limit, pids_limit } = serviceNamed(name);
    expect(mem_limit).toMatch(/^(\$\{\w+:-)?\d+[mg]\}?$/);
    expect(pids_limit).toBeGreaterThan(0);
  });

  it('asks each process where it answers', () => {
    const url = (app: App): URL => new URL(serviceNamed(app).healthcheck?.test.at(-1) ?? '');
    expect(url('gateway').href).toBe(`http://127.0.0.1:${gatewayNamespaces.ops.variables.OPS_PORT.default}/readyz`);
    expect(url('worker').href).toBe(`http://127.0.0.1:${workerNamespaces.ops.variables.OPS_PORT.default}/readyz`);
    expect(url('cas-sandbox').href).toBe(`http://127.0.0.1:${sandboxNamespaces.sandbox.variables.PORT.default}/livez`);
  });

  it('asks in a way that tells yes from no', () => {
    const [, , ...args] = serviceNamed('gateway').healthcheck?.test ?? [];
    const ask = (url: string) => spawnSync(process.execPath, [...args.slice(0, -1), url], { timeout: 10_000 }).status;
    expect(ask('data:,ok')).toBe(0);
    expect(ask('http://127.0.0.1:1/readyz')).toBe(1);
  });

  it('migrates after Postgres is healthy, and starts the processes only then', () => {
    expect(serviceNamed('migrate')).toMatchObject({
      restart: 'no',
      depends_on: { postgres: { condition: 'service_healthy' } },
    });
    expect(serviceNamed('roles').depends_on).toEqual({
      migrate: { condition: 'service_completed_successfully', required: true },
    });
    for (const app of ['gateway', 'worker'] as const) {
      expect(serviceNamed(app).depends_on).toMatchObject({
        roles: { condition: 'service_completed_successfully' },
        postgres: { condition: 'service_healthy' },
        redis: { condition: 'service_healthy' },
      });
    }
  });

  it('builds one image for all processes, which no registry has', () => {
    const building = Object.entries(services).filter(([, one]) => one.build !== undefined);
    expect(building.map(([name]) => name)).toEqual(['migrate']);
    for (const app of apps) {
      expect(serviceNamed(app)).toMatchObject({ image: 'watchtogether-auth-server', pull_policy: 'never' });
    }
  });

  it('runs as many workers as .env says', () => {
    expect(serviceNamed('worker').scale).toBe('${WORKERS:-1}');
  });

  it.each(apps)('lets %s open more files than a gateway accepts connections', (app) => {
    const [, files] = /^\$\{APP_OPEN_FILES:-(\d+)\}$/.exec(serviceNamed(app).ulimits?.nofile ?? '') ?? [];
    expect(Number(files)).toBeGreaterThan(Number(gatewayNamespaces.http.variables.MAX_CONNECTIONS.default));
  });

  it('explains at its top every variable that Compose alone reads', () => {
    const top = text.slice(0, text.indexOf('\nname:'));
    expect([...OF_COMPOSE, ...OF_OBSERVABILITY].filter((name) => !top.includes(name))).toEqual([]);
  });

  it('can have many workers, and publishes nothing but the gateway and Grafana, on this machine only', () => {
    expect(Object.values(services).filter((one) => one.container_name !== undefined)).toEqual([]);
    const publishing = Object.entries(services).filter(([, one]) => one.ports.length > 0);
    expect(publishing.map(([name, one]) => [name, one.ports])).toEqual([
      ['gateway', ['127.0.0.1:${PORT:-3000}:3000']],
      ['grafana', ['127.0.0.1:${GRAFANA_PORT:-3030}:3000']],
    ]);
  });

  it('keeps Postgres, Redis, the sandbox and Prometheus off every network with a way out', () => {
    const off = Object.entries(services).filter(([, one]) => !one.networks.includes('edge'));
    expect(off.map(([name]) => name).sort()).toEqual([
      'cas-sandbox',
      'migrate',
      'postgres',
      'prometheus',
      'redis',
      'roles',
    ]);
    expect(parse(text)).toHaveProperty('networks.backend.internal', true);
    expect(parse(text)).toHaveProperty('networks.monitoring.internal', true);
  });

  it('keeps what Postgres and Redis know, and lets Redis evict nothing', () => {
    expect(serviceNamed('postgres').volumes).toEqual(['postgres-data:/var/lib/postgresql']);
    const { volumes, command } = serviceNamed('redis');
    expect(volumes).toEqual(['redis-data:/data']);
    expect(command?.join(' ')).toContain('--maxmemory-policy noeviction --appendonly yes');
  });

  it('has the sandbox, and Prometheus and Grafana, by their profiles alone, and no other service requires them', () => {
    const profiled = Object.entries(services).filter(([, one]) => one.profiles.length > 0);
    expect(profiled.map(([name, one]) => [name, one.profiles])).toEqual([
      ['cas-sandbox', ['sandbox']],
      ['prometheus', ['observability']],
      ['grafana', ['observability']],
    ]);
    const standing = Object.entries(services).filter(([, one]) => !one.profiles.includes('observability'));
    expect(standing.flatMap(([, one]) => Object.keys(one.depends_on))).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(?:prometheus|grafana)$/)]),
    );
    expect(serviceNamed('worker').depends_on['cas-sandbox']?.required).toBe(false);
  });

  it('lets Grafana reach Prometheus and nothing else, and gives both what is in deploy/', () => {
    expect(serviceNamed('grafana').networks).toEqual(['monitoring', 'edge']);
    expect(serviceNamed('prometheus').networks).toEqual(['backend', 'monitoring']);
    const mounted = ['prometheus', 'grafana'].flatMap((name) => serviceNamed(name).volumes);
    const files = mounted.filter((volume) => volume.startsWith('./'));
    for (const volume of files) {
      const [source = '', , mode] = volume.split(':');
      expect([existsSync(join(ROOT, source)), mode]).toEqual([true, 'ro']);
    }
    const datasource = read('deploy/grafana/provisioning/datasources/prometheus.yml');
    expect(parse(datasource)).toHaveProperty('datasources[0].url', 'http://prometheus:9090');
    const provider = read('deploy/grafana/provisioning/dashboards/watchtogether.yml');
    expect(parse(provider)).toHaveProperty('providers[0].options.path', '/etc/grafana/dashboards');
    expect(files).toContain('./deploy/grafana/dashboard.json:/etc/grafana/dashboards/dashboard.json:ro');
    // The ports that every process has in its container.
    const scraped = [...read('deploy/prometheus/prometheus.yml').matchAll(/names: \[(\w+)\], type: A, port: (\d+)/g)];
    expect(scraped.map(([, name, port]) => [name, port])).toEqual([
      ['gateway', serviceNamed('gateway').environment.OPS_PORT],
      ['worker', serviceNamed('worker').environment.OPS_PORT],
    ]);
  });

  it.each(apps)('runs the built program of %s', (app) => {
    const built = app === 'migrate' ? 'cli' : app;
    const { command, init } = serviceNamed(app);
    expect(command?.slice(0, 2)).toEqual(['node', `dist/apps/${built}/main.js`]);
    expect(init).toBe(true);
  });

  it('puts no secret into an environment', () => {
    expect(secretVariables.size).toBeGreaterThan(5);
    for (const [name, one] of Object.entries(services)) {
      for (const [variable, value] of Object.entries(one.environment)) {
        // Set to nothing: one from .env that another process reads.
        if (value === '') continue;
        expect({ name, variable, secret: secretVariables.has(variable) || variable.endsWith('PASSWORD') }).toEqual({
          name,
          variable,
          secret: false,
        });
        expect(value).not.toMatch(/:\/\/[^/]*:[^/]*@/);
        if (!variable.endsWith('_FILE')) continue;
        const secret = /^\/run\/secrets\/(\w+)$/.exec(value)?.[1] ?? '';
        expect(one.secrets).toContain(secret);
        expect(secrets[secret]).toEqual({ file: `./.secrets/${secret}` });
      }
    }
  });

  it('passes .env to gateway and worker only, and its secrets only to the one that reads them', () => {
    expect(apps.filter((app) => serviceNamed(app).env_file.length > 0)).toEqual(['gateway', 'worker']);
    for (const app of ['gateway', 'worker'] as const) {
      const { environment } = serviceNamed(app);
      const read = Object.values<{ variables: object }>(APPS[app]).flatMap(({ variables }) => Object.keys(variables));
      const foreign = [...secretVariables].filter((name) => !read.includes(name));
      // Every other secret is a file: a process refuses to start if the variable is set as well.
      const asFiles = Object.values(services).flatMap((one) => Object.keys(one.environment));
      const kept = foreign.filter((name) => environment[name] !== '' && !asFiles.includes(`${name}_FILE`));
      expect({ app, kept }).toEqual({ app, kept: [] });
    }
  });

  it('gives each service the secrets that it needs and no others', () => {
    for (const app of apps) {
      const used = Object.values(serviceNamed(app).environment).flatMap((value) =>
        value.startsWith('/run/secrets/') ? [value.slice('/run/secrets/'.length)] : [],
      );
      expect({ app, secrets: [...serviceNamed(app).secrets].sort() }).toEqual({ app, secrets: used.sort() });
    }
  });

  it('names only variables that .env.example knows', () => {
    const known = new Set([...read('.env.example').matchAll(/^# ([A-Z_]+)=/gm)].map(([, name]) => String(name)));
    const inServices = apps.flatMap((app) => Object.keys(serviceNamed(app).environment));
    const interpolated = [...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => String(name));
    const names = [...inServices.map((name) => name.replace(/_FILE$/, '')), ...interpolated];
    expect(names.filter((name) => !known.has(name) && ![...OF_COMPOSE, ...OF_OBSERVABILITY].includes(name))).toEqual(
      [],
    );
  });
});

describe('docker/make-secrets.sh', () => {
  let directory: string;
  const make = () => spawnSync('sh', [join(ROOT, 'docker/make-secrets.sh'), directory], { encoding: 'utf8' });
  const contents = () => Object.fromEntries(readdirSync(directory).map((name) => [name, secret(name)]));
  const secret = (name: string): string => readFileSync(join(directory, name), 'utf8').trim();
  let firstRun: ReturnType<typeof make>;

  beforeAll(() => {
    directory = join(mkdtempSync(join(tmpdir(), 'watchtogether-secrets-')), 'secrets');
    firstRun = make();
  });
  afterAll(() => {
    rmSync(join(directory, '..'), { recursive: true, force: true });
  });

  it('makes every secret that the Compose file names, and nothing else', () => {
    expect(firstRun).toMatchObject({ status: 0, stderr: '' });
    expect(Object.keys(contents()).sort()).toEqual(Object.keys(secrets).sort());
  });

  it('changes nothing when it runs again', () => {
    const before = contents();
    expect(make().status).toBe(0);
    expect(contents()).toEqual(before);
  });

  it('makes up what is missing and leaves what was put there', () => {
    const mine = 'a-key-from-the-vendor';
    const other = mkdtempSync(join(tmpdir(), 'watchtogether-secrets-'));
    try {
      const script = `printf %s ${mine} > "$1/cas_api_key" && sh "$2" "$1"`;
      const run = spawnSync('sh', ['-c', script, 'sh', other, join(ROOT, 'docker/make-secrets.sh')]);
      expect(run.status).toBe(0);
      expect(readFileSync(join(other, 'cas_api_key'), 'utf8')).toBe(mine);
      expect(readdirSync(other).sort()).toEqual(Object.keys(secrets).sort());
    } finally {
      rmSync(other, { recursive: true, force: true });
    }
  });

  it('says where the API key is, and shows no value', () => {
    expect(firstRun.stdout).toContain(join(directory, 'bootstrap_api_key'));
    for (const value of Object.values(contents())) expect(firstRun.stdout).not.toContain(value);
  });

  it('lets the users of the containers read, and no other user of this machine', () => {
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(directory)) expect(statSync(join(directory, name)).mode & 0o777).toBe(0o644);
  });

  it('makes secrets of the right form, each of its own', () => {
    expect(secret('bootstrap_api_key')).toMatch(API_KEY);
    expect(secret('token_encryption_keys')).toMatch(/^k1:[A-Za-z0-9+/]{43}=$/);
    expect(secret('migration_url')).toContain(`watchtogether:${secret('postgres_password')}@postgres:5432/`);
    expect(secret('database_url')).toContain(`watchtogether_app:${secret('app_password')}@postgres:5432/`);
    expect(secret('redis_url')).toBe(`redis://:${secret('redis_conf').replace('requirepass ', '')}@redis:6379`);
    expect(new Set(Object.values(contents())).size).toBe(Object.keys(secrets).length);
  });

  it.each(apps.filter((app) => app !== 'worker'))('is all that %s needs to start', (app) => {
    expect(() => readSettings(APPS[app], environmentOf(app, directory))).not.toThrow();
  });

  it('is all that a worker needs, which reaches the sandbox only if told so', () => {
    const settings = (given: Environment) => readSettings(workerNamespaces, environmentOf('worker', directory, given));
    expect(() => settings({})).toThrow(StartupError);
    expect(() => settings({})).toThrow('CAS_ALLOW_HTTP=on');
    expect(settings({ CAS_ALLOW_HTTP: 'on' }).cas.endpoints[0]?.url).toBe('http://cas-sandbox:3003');
    expect(settings({ CAS_URL: 'https://cas.example' }).cas.endpoints[0]?.url).toBe('https://cas.example');
  });

  it('leaves the rest to .env, which cannot move what the containers count on', () => {
    const given = {
      ...{ ROOM_API: 'on', MINT_DEADLINE_S: '60', MINT_CONCURRENCY: '7', CAS_ALLOW_HTTP: 'on' },
      ...{ PORT: '8080', HOST: '127.0.0.1', OPS_PORT: '9', OPS_HOST: '127.0.0.1', NODE_ENV: 'development' },
    };
    const gateway = readSettings(gatewayNamespaces, environmentOf('gateway', directory, given));
    expect(gateway.roomApi.on).toBe(true);
    expect(gateway.sessions.mintDeadlineS).toBe(60);
    expect(gateway.http).toMatchObject({ port: 3000, host: '0.0.0.0' });
    expect(gateway.ops).toEqual({ port: 3001, host: '0.0.0.0' });
    expect(gateway.runtime.production).toBe(true);
    const worker = readSettings(workerNamespaces, environmentOf('worker', directory, given));
    expect(worker.mint.concurrency).toBe(7);
    expect(worker.ops).toEqual({ port: 3002, host: '0.0.0.0' });
    expect(worker.runtime.production).toBe(true);
    const { sandbox } = readSettings(sandboxNamespaces, environmentOf('cas-sandbox', directory, given));
    expect(sandbox).toMatchObject({ port: 3003, host: '0.0.0.0' });
  });

  it('lets the sandbox and the worker speak with the same credentials', () => {
    const worker = readSettings(workerNamespaces, environmentOf('worker', directory, { CAS_ALLOW_HTTP: 'on' }));
    const { sandbox } = readSettings(sandboxNamespaces, environmentOf('cas-sandbox', directory));
    const { apiKey, apiSecret } = sandbox;
    expect(worker.cas.endpoints).toMatchObject([{ apiKey, apiSecret }]);
  });
});

describe('Dockerfile', () => {
  const dockerfile = read('Dockerfile');

  it('ends with a user who is not root, the one of the Compose file', () => {
    expect([...dockerfile.matchAll(/^USER (.+)$/gm)].map(([, user]) => user)).toEqual([serviceNamed('gateway').user]);
  });

  it('brings the Node that package.json asks for, and no node_modules', () => {
    const { engines } = z.object({ engines: z.object({ node: z.string() }) }).parse(JSON.parse(read('package.json')));
    expect(dockerfile).toContain(`NODE_IMAGE=node:${engines.node.replace('>=', '')}-slim`);
    const last = dockerfile.split(/^FROM /m).at(-1);
    expect(last).toContain('COPY --from=build /src/dist dist');
    expect(last).not.toMatch(/npm|node_modules/);
  });

  it('keeps the heap well within the memory of its container', () => {
    const [, heap] = /^ENV NODE_OPTIONS=".*--max-old-space-size=(\d+).*"$/m.exec(dockerfile) ?? [];
    const limit = Number.parseInt(serviceNamed('gateway').mem_limit.replace(/\D*/, ''));
    expect(Number(heap)).toBeGreaterThan(0);
    expect(Number(heap)).toBeLessThanOrEqual(0.75 * limit);
  });

  it('copies only what .dockerignore lets through, which is nothing secret', () => {
    const lines = read('.dockerignore').split('\n');
    const through = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources]) =>
      String(sources).split(' '),
    );
    expect(lines.find((line) => line !== '' && !line.startsWith('#'))).toBe('*');
    expect([...new Set(copied)].sort()).toEqual([...through].sort());
  });
});
