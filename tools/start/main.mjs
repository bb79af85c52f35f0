// Starts the parts in order, waits for each, says where everything is, and stops them in the opposite order.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_NODE, ROOT, appEntry, localBin } from '../paths.mjs';
import { isFree } from '../ports.mjs';
import { modeOfParent, startPostgres, stopOrphan } from '../postgres.mjs';
import { waitUntil } from '../processes.mjs';
import { Problem, secondsSince, sleep, step } from '../steps.mjs';
import { whenNpmDies } from './ancestors.mjs';
import { acquireLock } from './lock.mjs';
import { Part, appCommand } from './part.mjs';
import { environmentsOf, makePlan, portsInUse } from './plan.mjs';
import { forgetRunning, writeRunning } from './running.mjs';
import { keptSecrets } from './secrets.mjs';

// Longer than the parts need to stop: they still use the database then.
const POSTGRES_GRACE_S = 12;
const PORTS_FREE_AFTER_KILL_MS = 15_000;
// One Ctrl-C arrives twice: from the terminal, and passed on by npm.
const SAME_KEY_PRESS_MS = 1000;
const POSTGRES_RESTARTS = 5;

class Launcher {
  constructor({ watch }) {
    this.watch = watch;
    this.everything = watch || process.env.LOG_TO_TERMINAL === 'on';
    this.startedAt = performance.now();
    this.plan = makePlan(process.env);
    this.parts = [];
    this.stopped = undefined;
  }

  async run() {
    this.listenForTheEnd();
    const { plan } = this;
    mkdirSync(plan.dataDir, { recursive: true, mode: modeOfParent() });
    mkdirSync(plan.logDir, { recursive: true, mode: 0o700 });
    this.lock = await acquireLock(plan.dataDir);
    this.secrets = keptSecrets(plan);
    await this.clearTheWay();

    const databaseUrl = plan.given.DATABASE_URL ? undefined : await this.providePostgres();
    this.environments = environmentsOf(plan, process.env, { databaseUrl, secrets: this.secrets });
    await this.step('migrate', () => this.migrate());
    writeRunning(plan.dataDir, this.environments.worker);
    if (this.watch) await this.step('build, and again after each change', () => this.watchBuild());
    await this.startApps();
    process.stdout.write(this.closingBlock());
    for (const part of this.parts) void part.keepRunning((reason) => this.end(1, reason));
  }

  /** A step that is not begun when the end has already begun. */
  step(name, work) {
    if (this.stopped) throw new Interrupted();
    return step(name, work);
  }

  /** What a launcher that was killed left behind ends by itself within seconds; everything else is in the way. */
  async clearTheWay() {
    const { plan, lock } = this;
    if (!plan.given.DATABASE_URL) await stopOrphan(plan.postgresDir);
    const taken = async () => {
      const wanted = portsInUse(plan);
      const free = await Promise.all(
        wanted.map(({ port, host }) => isFree(port, host).catch(cannotListen(port, host))),
      );
      return wanted.filter((_, index) => !free[index]);
    };
    const timeoutMs = lock.tookOver ? PORTS_FREE_AFTER_KILL_MS : 0;
    if (await waitUntil(async () => (await taken()).length === 0, { timeoutMs, everyMs: 200 })) return;
    const list = (await taken()).map(({ port, part }) => `Port ${port} is taken (${part}).`);
    throw new Problem(`${list.join('\n')}\nPORT=… moves all of them: PORT=4000 npm start uses 4000 to 4004.`);
  }

  async providePostgres() {
    const launch = () =>
      startPostgres({
        dataDir: this.plan.postgresDir,
        port: this.plan.ports.postgres,
        database: 'watchtogether',
        logFile: join(this.plan.logDir, 'postgres.log'),
        graceSeconds: POSTGRES_GRACE_S,
      });
    await this.step('Postgres', () => this.launchPostgres(launch));
    void this.keepPostgresRunning(launch);
    return this.postgres.url;
  }

  /** Remembered while it goes on: the end has to wait for it, to have something to stop. */
  async launchPostgres(launch) {
    this.launchingPostgres = launch();
    this.postgres = await this.launchingPostgres;
  }

  async keepPostgresRunning(launch) {
    for (let restarts = 0; ; restarts += 1) {
      const reason = await this.postgres.exited;
      if (this.stopped) return;
      if (restarts >= POSTGRES_RESTARTS) return void this.end(1, 'Postgres ended too often');
      console.log(`\n[postgres] ended (${reason}); starting it again. Its log: ${this.postgres.logFile}`);
      await sleep(1000);
      if (this.stopped) return;
      try {
        await this.launchPostgres(launch);
      } catch (error) {
        return void this.end(1, error.message);
      }
      console.log('[postgres] started again');
    }
  }

  migrate() {
    return new Promise((resolve, reject) => {
      const args = [appEntry('cli'), 'migrate'];
      const child = spawn(PROJECT_NODE, args, {
        cwd: ROOT,
        env: this.environments.migrate,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      this.migrating = child;
      let output = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
      child.once('error', reject);
      child.once('close', (code) => {
        writeFileSync(join(this.plan.logDir, 'migrate.log'), output, { mode: 0o600 });
        if (code === 0) resolve();
        else reject(new Problem(`The migration failed:\n${output.trim().split('\n').slice(-20).join('\n')}`));
      });
    });
  }

  /** The applications start after its first build: node --watch would restart them otherwise. */
  async watchBuild() {
    const { projects } = JSON.parse(readFileSync(join(ROOT, 'nest-cli.json'), 'utf8'));
    const part = this.addPart('build', [localBin('nest'), 'build', '--all', '--watch'], process.env);
    // rspack leaves a file alone that would stay the same, so only its log tells that it is through.
    const compiled = () => readFileSync(part.logFile, 'utf8').match(/ compiled /g)?.length ?? 0;
    const built = () => compiled() >= Object.keys(projects).length || !part.running;
    await waitUntil(built, { timeoutMs: 30_000, everyMs: 100 });
    if (!part.running) throw part.problem('nest build --watch ended');
  }

  addPart(name, args, env) {
    const { watch, everything } = this;
    const part = new Part({ name, args, env, logDir: this.plan.logDir, watch, everything });
    this.parts.push(part);
    part.launch();
    return part;
  }

  async startApps() {
    const { ports, given } = this.plan;
    const apps = [
      { app: 'worker', name: 'worker', ready: `http://127.0.0.1:${ports.workerOps}/readyz` },
      { app: 'gateway', name: 'gateway', ready: `http://127.0.0.1:${ports.gatewayOps}/readyz` },
    ];
    if (!given.CAS_URL) {
      apps.unshift({ app: 'cas-sandbox', name: 'sandbox', ready: `http://127.0.0.1:${ports.sandbox}/livez` });
    }
    if (this.stopped) throw new Interrupted();
    // All at once: each waits for what it needs by itself.
    const launched = apps.map(({ app, name, ready }) => {
      const part = this.addPart(name, appCommand(app, { watch: this.watch }), this.environments[name]);
      return { part, ready };
    });
    for (const { part, ready } of launched) {
      await this.step(part.name, () => part.waitUntilReady(ready)).catch((error) => {
        // Under --watch the next change may well cure it.
        if (!this.watch || !(error instanceof Problem)) throw error;
        console.log(error.message);
      });
    }
  }

  closingBlock() {
    const { plan, secrets } = this;
    const { ports, dataDir, logDir, given } = plan;
    const reachable = plan.host === '0.0.0.0' || plan.host === '::' ? '127.0.0.1' : plan.host;
    const api = `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${ports.gateway}`;
    const ops = (port) => `http://127.0.0.1:${port}`;
    const authorization = secrets.apiKey
      ? `'Authorization: Bearer ${secrets.apiKey}'`
      : `"Authorization: Bearer ${process.env.BOOTSTRAP_API_KEY ? '$BOOTSTRAP_API_KEY' : '$(cat "$BOOTSTRAP_API_KEY_FILE")'}"`;
    const rows = [
      ['API', api],
      ['Swagger UI', `${api}/docs`],
      ['OpenAPI', `${api}/openapi.json`],
      ...(process.env.DEMO === 'off' ? [] : [['watch page', `${api}/demo`]]),
      ['development key', secrets.apiKey ?? 'yours, from BOOTSTRAP_API_KEY'],
      ['gateway ops', `${ops(ports.gatewayOps)}/readyz  /livez  /metrics`],
      ['worker ops', `${ops(ports.workerOps)}/readyz  /livez  /metrics`],
      ['CAS', given.CAS_URL ? 'yours, from CAS_URL' : `${ops(ports.sandbox)} (sandbox)`],
      ['database', given.DATABASE_URL ? 'yours, from DATABASE_URL' : `Postgres on 127.0.0.1:${ports.postgres}`],
      ['queue', given.REDIS_URL ? 'in Redis, from REDIS_URL' : 'in the database'],
      ['logs', logDir],
      ['data', this.whereDataIs() ?? dataDir],
      ['stop', 'Ctrl-C'],
    ];
    return [
      `\n  watchtogether-auth-server is up after ${secondsSince(this.startedAt)}\n`,
      ...rows.map(([name, value]) => `  ${name.padEnd(17)}${value}`),
      '\n  A session with its token:\n',
      `curl -sX PUT ${api}/v1/rooms/derby/session -H ${authorization} -H 'Prefer: wait=10'\n\n`,
    ].join('\n');
  }

  whereDataIs() {
    const { postgres, plan } = this;
    if (!postgres || postgres.dataDir.startsWith(plan.dataDir)) return undefined;
    return `${plan.dataDir}, and Postgres in ${postgres.dataDir}`;
  }

  // ---- the end ------------------------------------------------------------------------------------------------------

  listenForTheEnd() {
    // The terminal may be gone before we are.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => this.onSignal());
    whenNpmDies(() => this.end(0, 'npm is gone'));
  }

  onSignal() {
    const now = performance.now();
    if (this.stopped === undefined) {
      this.firstSignalAt = now;
      void this.end(0, 'stopping');
    } else if (now - (this.firstSignalAt ?? now) > SAME_KEY_PRESS_MS) {
      console.log('stopping at once');
      for (const part of this.parts) part.kill();
      void this.postgres?.stop('immediate');
    }
  }

  /** Once only; later calls wait for the same end. */
  end(exitCode, reason) {
    this.stopped ??= this.stopEverything(exitCode, reason);
    return this.stopped;
  }

  async stopEverything(exitCode, reason) {
    const start = performance.now();
    const anything = this.parts.length > 0 || this.launchingPostgres !== undefined;
    if (anything) console.log(`\n${reason} …`);
    await Promise.all(this.parts.map((part) => part.stop()));
    this.migrating?.kill('SIGTERM');
    try {
      await this.launchingPostgres?.catch(() => undefined);
      await this.postgres?.stop('fast');
    } catch (error) {
      console.log(error.message);
    }
    if (this.lock) forgetRunning(this.plan.dataDir);
    this.lock?.release();
    if (anything) console.log(`stopped after ${secondsSince(start)}`);
    process.exit(exitCode);
  }
}

class Interrupted extends Error {}

/** HOST may be an address that this machine does not have. */
function cannotListen(port, host) {
  return (error) => {
    throw new Problem(`Cannot listen on ${host ?? '127.0.0.1'}:${port}: ${error.message}`);
  };
}

export async function start(options) {
  const launcher = new Launcher(options);
  try {
    await launcher.run();
  } catch (error) {
    // When we were told to stop, what fails on the way does so because of that.
    if (!launcher.stopped) {
      console.error(`\n${error instanceof Problem ? error.message : error.stack}`);
    }
    await launcher.end(1, 'the start failed, stopping what was started');
  }
}
