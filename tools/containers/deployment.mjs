// A copy of the project inside the engine, and what the checks do with it: run commands as an operator would, ask Docker,
// and call the API.
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lastLines } from '../child.mjs';
import { PROJECT_NODE, ROOT } from '../paths.mjs';
import { waitUntil } from '../processes.mjs';
import { ToolError } from '../steps.mjs';
import { must } from './must.mjs';

/** Where the project is in the engine. */
const PROJECT = '/shared/project';
export const IMAGE = 'watchtogether-auth-server';
export const GATEWAY = 'http://127.0.0.1:3000';
const SESSION_TIMEOUT_S = 20;
const HEALTHY_TIMEOUT_MS = 120_000;

export class Deployment {
  #engine;
  #directory;
  #logs;

  constructor(engine, { shared, logs }) {
    this.#engine = engine;
    this.#directory = join(shared, 'project');
    this.#logs = logs;
  }

  /** Removes what an earlier run left behind, and copies the files of this checkout that are not ignored. */
  async reset() {
    await this.sh('docker ps --all --quiet | xargs --no-run-if-empty docker rm --force --volumes', { directory: '/' });
    await this.sh('docker network prune --force && docker volume prune --all --force', { directory: '/' });
    await this.sh(`docker rmi --force ${IMAGE} ${IMAGE}:previous`, { directory: '/' });
    await this.sh(`docker image prune --force && docker builder prune --force --keep-storage 3GB`, { directory: '/' });
    rmSync(this.#directory, { recursive: true, force: true });
    const list = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT });
    if (list.status !== 0) throw new ToolError(`This is no git checkout: ${String(list.stderr)}`);
    for (const file of list.stdout.toString().split('\0').filter(Boolean)) {
      const target = join(this.#directory, file);
      mkdirSync(dirname(target), { recursive: true });
      cpSync(join(ROOT, file), target, { force: true });
    }
  }

  /**
   * Where the engine may open fewer files than docker-compose.yml asks for, no container would start.
   * @returns what is not tested because of it, or undefined
   */
  async lowerOpenFiles() {
    const allowed = Number(await this.sh('ulimit -H -n'));
    const { services } = JSON.parse(await this.sh('docker compose config --format json'));
    const wanted = Number(services.gateway.ulimits.nofile);
    if (allowed >= wanted) return undefined;
    this.append('.env', `APP_OPEN_FILES=${allowed}\n`);
    return `${wanted} open files for each process: this machine allows ${allowed}`;
  }

  /** Runs a line of shell in the project's directory. @returns its output; @throws ToolError if it fails */
  sh(line, options) {
    return must(this.attempt(line, options));
  }

  /** As `sh`, but a failure is a result. */
  attempt(line, { directory = PROJECT, ...options } = {}) {
    return this.#engine.run(['sh', '-euc', line], { directory, ...options });
  }

  /** Where a file of the project is on this machine. */
  path(file) {
    return join(this.#directory, file);
  }

  read(file) {
    return readFileSync(this.path(file), 'utf8');
  }

  write(file, text) {
    writeFileSync(this.path(file), text);
  }

  append(file, text) {
    appendFileSync(join(this.#directory, file), text);
  }

  /** The values that must not appear anywhere, by file: of a URL its password, of a key its secret part. */
  secrets() {
    return readdirSync(join(this.#directory, '.secrets')).map((file) => {
      const value = this.read(`.secrets/${file}`).trim();
      return [file, value.replace(/^\w+:\/\/[^:]*:([^@]+)@.*$/, '$1').replace(/^(requirepass |k1:)/, '')];
    });
  }

  /** Everything about the containers of a service, running or not, as `docker inspect` prints it. */
  async containers(service) {
    const ids = await this.sh(`docker compose ps --all --quiet ${service}`);
    if (ids === '') throw new ToolError(`no container of ${service}`);
    return JSON.parse(await this.sh(`docker inspect ${ids.split('\n').join(' ')}`));
  }

  async container(service) {
    return (await this.containers(service))[0];
  }

  /** Waits until all containers of a service are healthy. */
  async healthy(service) {
    const states = async () => (await this.containers(service)).map(({ State }) => State.Health?.Status);
    const reached = async () => (await states()).every((status) => status === 'healthy');
    if (await waitUntil(reached, { timeoutMs: HEALTHY_TIMEOUT_MS, everyMs: 500 })) return;
    throw new ToolError(`${service} is ${(await states()).join(', ')}`);
  }

  apiKey() {
    return this.read('.secrets/bootstrap_api_key').trim();
  }

  /** Calls the gateway from the host of the containers. `status` is 0 if nothing answered. */
  async api(method, path, { key = this.apiKey(), base = GATEWAY } = {}) {
    const limit = String(SESSION_TIMEOUT_S + 10);
    const credential = key === '' ? [] : ['--header', `Authorization: Bearer ${key}`];
    const headers = ['--header', `Prefer: wait=${SESSION_TIMEOUT_S}`, ...credential];
    const options = ['--silent', '--max-time', limit, '--write-out', '\n%{http_code}', '--request', method];
    const { stdout } = await this.#engine.run(['curl', ...options, ...headers, `${base}${path}`]);
    const [, text, status] = /^([^]*)\n(\d+)$/.exec(stdout) ?? [undefined, '', '0'];
    return { status: Number(status), body: text.startsWith('{') ? JSON.parse(text) : text };
  }

  /** Opens a room and returns its session. @throws ToolError unless it is ready, with a token */
  async openRoom(room) {
    const { status, body } = await this.api('PUT', `/v1/rooms/${room}/session`);
    if (body.status === 'ready' && body.tokens?.stream?.split('.').length === 3) return body;
    throw new ToolError(`PUT of room ${room}: ${status} ${body.status ?? JSON.stringify(body)}`);
  }

  /** Reads a session all the time while `work` runs. @returns what probe.mjs prints */
  async whileReading(session, work) {
    const logFile = join(this.#logs, 'probe.log');
    const probe = [PROJECT_NODE, join(import.meta.dirname, 'probe.mjs')];
    const args = [`${GATEWAY}/v1/sessions/${session.id}`, this.apiKey()];
    const child = this.#engine.launchInNetwork([...probe, ...args], { logFile });
    try {
      await work();
    } finally {
      if (!(await child.end('SIGTERM', 20_000))) await child.end('SIGKILL', 1000);
    }
    return JSON.parse(lastLines(logFile, 1));
  }
}
