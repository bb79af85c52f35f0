// What `npm run test:containers` needs of a machine. Without it the run is skipped: it is no fault of the product.
import { existsSync, readFileSync } from 'node:fs';
import { aptInstall } from '../bootstrap.mjs';
import { findOnPath } from '../paths.mjs';
import { run } from '../run.mjs';
import { ToolError } from '../steps.mjs';

/** The release that the containers are made of, and that has the engine. The machine may be of another one. */
export const SUITE = 'trixie';

const MIRROR_TIMEOUT_MS = 20_000;
const PROGRAMS = ['debootstrap', 'slirp4netns', 'unshare', 'nsenter'];
const PACKAGES = {
  debootstrap: 'debootstrap',
  slirp4netns: 'slirp4netns',
  unshare: 'util-linux',
  nsenter: 'util-linux',
};

/** The first reason why this machine cannot run the test, or undefined. */
export async function reasonToSkip(mirror) {
  if (process.platform !== 'linux' || !isDebian()) return 'this machine does not run Debian';
  if (process.getuid() !== 0) return 'not root: namespaces, mounts and a Docker Engine need it';
  if (!existsSync('/dev/net/tun')) return 'no /dev/net/tun: the engine would have no network';
  const namespaces = await run('unshare', ['--mount', '--net', '--pid', '--fork', 'true']);
  if (namespaces.code !== 0) return `this machine allows no namespaces: ${namespaces.output.trim()}`;
  return unreachable(`${mirror}/dists/${SUITE}/InRelease`);
}

function isDebian() {
  try {
    return /^ID="?debian"?$/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

async function unreachable(url) {
  try {
    const reply = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(MIRROR_TIMEOUT_MS) });
    return reply.ok ? undefined : `no network to Debian's mirror: ${url} is answered with ${reply.status}`;
  } catch (error) {
    return `no network to Debian's mirror: ${url} (${error.cause?.code || error.cause?.message || error.message})`;
  }
}

/** DEBIAN_MIRROR, or the mirror of this machine's apt, or Debian's own. */
export async function debianMirror(env = process.env) {
  if (env.DEBIAN_MIRROR) return env.DEBIAN_MIRROR.replace(/\/$/, '');
  const { stdout } = await run('apt-get', ['indextargets', '--format', '$(REPO_URI)']);
  const mine = stdout.split('\n').find((uri) => /^https?:.*\/debian\/$/.test(uri));
  return (mine ?? 'http://deb.debian.org/debian/').replace(/\/$/, '');
}

export async function installPrograms() {
  const missing = () => PROGRAMS.filter((name) => !findOnPath(name));
  if (missing().length === 0) return;
  const reason = await aptInstall(missing().map((name) => PACKAGES[name]));
  if (missing().length > 0) throw new ToolError(`Cannot install ${missing().join(', ')}:\n${reason}`);
}
