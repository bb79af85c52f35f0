// A Docker Engine in namespaces of its own: the machine's firewall, ports, processes and mounts stay as they are.
import { readFileSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { lastLines, launch } from '../child.mjs';
import { signal, waitUntil } from '../processes.mjs';
import { ToolError } from '../steps.mjs';

const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 30_000;
const COMMAND_TIMEOUT_MS = 900_000;
/** Of enter.sh. */
const CONTROL_GROUP = 'watchtogether-containers';
const ENVIRONMENT = ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', 'LC_ALL=C.UTF-8'];

/**
 * @param {object} options
 * @param {string} options.root with Docker and Compose, see debian-root.mjs
 * @param {string} options.shared the directory that is /shared inside
 * @param {string} options.logs the directory for log files
 * @param {Function} options.run of run.mjs
 */
export async function startEngine({ root, shared, logs, run }) {
  // Killed, it takes the first process of its pid namespace along, and so every process and mount in there.
  const guard = { signalName: 'SIGKILL', directory: logs };
  const namespaces = ['--mount', '--net', '--pid', '--fork', '--kill-child=SIGKILL'];
  const enter = join(import.meta.dirname, 'enter.sh');
  const logFile = join(logs, 'dockerd.log');
  const outer = launch('unshare', [...namespaces, 'sh', enter, root, shared], { cwd: logs, logFile, guard });
  let pid;
  let network;

  const enterCommand = (directory) => [
    ...['--target', String(pid), '--mount', '--net', '--pid', `--wd=/proc/${pid}/root${directory}`],
    ...['env', '-i', ...ENVIRONMENT],
  ];
  const engine = {
    logFile,
    /** Runs a program inside to its end, as run.mjs does. */
    run: (command, { directory = '/', timeoutMs = COMMAND_TIMEOUT_MS } = {}) =>
      run('nsenter', [...enterCommand(directory), ...command], { timeout: timeoutMs }),
    /** Starts a program of this machine in the network of the engine. */
    launchInNetwork: (command, options) =>
      launch('nsenter', ['--target', String(pid), '--net', ...command], { ...options, cwd: logs, guard }),
    async stop() {
      // It stops its containers first. They keep nothing that a later run needs, so it may be killed as well.
      if (pid !== undefined && outer.isRunning()) signal(pid, 'SIGTERM');
      await waitUntil(() => !outer.isRunning(), { timeoutMs: pid === undefined ? 0 : STOP_TIMEOUT_MS });
      await outer.end('SIGKILL', STOP_TIMEOUT_MS);
      await network?.end('SIGKILL', STOP_TIMEOUT_MS);
      removeControlGroups();
    },
  };

  try {
    await waitUntil(() => !outer.isRunning() || (pid = childOf(outer.pid)) !== undefined, { timeoutMs: 10_000 });
    if (pid === undefined) throw new ToolError(`The namespaces of the engine did not start:\n${lastLines(logFile)}`);
    const slirp = ['--configure', '--mtu=1500', '--disable-host-loopback', String(pid), 'tap0'];
    network = launch('slirp4netns', slirp, { cwd: logs, logFile: join(logs, 'network.log'), guard });
    const answers = async () => !outer.isRunning() || (await engine.run(['docker', 'info'])).code === 0;
    const started = await waitUntil(answers, { timeoutMs: START_TIMEOUT_MS, everyMs: 300 });
    if (!started || !outer.isRunning()) throw new ToolError(`The engine did not start:\n${lastLines(logFile)}`);
    return engine;
  } catch (error) {
    await engine.stop();
    throw error;
  }
}

function childOf(pid) {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]) || undefined;
  } catch {
    return undefined;
  }
}

/** A killed engine leaves those of its containers, without processes. The innermost first. */
function removeControlGroups() {
  const mount = '/sys/fs/cgroup';
  // One hierarchy, or one for each controller.
  const hierarchies = [mount, ...readdirSync(mount).map((name) => join(mount, name))];
  for (const hierarchy of hierarchies) removeDirectories(join(hierarchy, CONTROL_GROUP));
}

function removeDirectories(directory) {
  try {
    const inner = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const { name } of inner) removeDirectories(join(directory, name));
    rmdirSync(directory);
  } catch {
    // It does not exist, or is still in use.
  }
}
