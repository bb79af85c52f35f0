// Debian root file systems: a minimal one, of which the base images are made, and a copy of it with the engine. Each is
// made once and kept.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from './must.mjs';
import { SUITE } from './prerequisites.mjs';

/**
 * curl calls the gateway, openssl is for docker/make-secrets.sh, tini is the first process; podman runs the pods of the Helm
 * chart.
 */
const ENGINE_PACKAGES = ['docker.io', 'docker-cli', 'docker-buildx', 'docker-compose', 'iptables', 'iproute2'].concat([
  'tini',
  'curl',
  'openssl',
  'procps',
  'podman',
  'catatonit',
  'netavark',
]);
/** Whatever is mounted or started meanwhile ends with the program. */
const ISOLATED = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
/** The address at which slirp4netns answers DNS. */
const DNS_OF_SLIRP = '10.0.2.3';

export async function minimalRoot(cache, mirror, run) {
  const root = join(cache, `root-${SUITE}`);
  await makeOnce(root, async (unfinished) => {
    const scripts = '/usr/share/debootstrap/scripts';
    // Debootstrap of an earlier Debian may not know the suite; all of them are installed alike.
    const script = existsSync(join(scripts, SUITE)) ? [] : [join(scripts, 'sid')];
    const options = ['--variant=minbase', '--include=ca-certificates,tzdata'];
    await must(run('unshare', [...ISOLATED, 'debootstrap', ...options, SUITE, unfinished, mirror, ...script]));
  });
  return root;
}

export async function engineRoot(cache, minimal, run) {
  const packages = createHash('sha256').update(ENGINE_PACKAGES.join()).digest('hex').slice(0, 8);
  const root = join(cache, `engine-${SUITE}-${packages}`);
  removeOthers(cache, `engine-${SUITE}`, root);
  await makeOnce(root, async (unfinished) => {
    await must(run('cp', ['-a', minimal, unfinished]));
    // Packages must not start their services in it.
    writeFileSync(join(unfinished, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    copyFileSync('/etc/resolv.conf', join(unfinished, 'etc/resolv.conf'));
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };
    const apt = (...args) => must(run('unshare', [...ISOLATED, 'chroot', unfinished, 'apt-get', ...args], { env }));
    await apt('update');
    await apt('install', '-y', '--no-install-recommends', ...ENGINE_PACKAGES);
    await apt('clean');
    writeFileSync(join(unfinished, 'etc/resolv.conf'), `nameserver ${DNS_OF_SLIRP}\n`);
  });
  return root;
}

/** Those of other packages, 3 GB each. */
function removeOthers(cache, prefix, kept) {
  for (const name of readdirSync(cache).filter((one) => one.startsWith(prefix))) {
    if (join(cache, name) !== kept) rmSync(join(cache, name), { recursive: true, force: true });
  }
}

/** A run that was interrupted leaves only what the next one removes. */
async function makeOnce(root, make) {
  if (existsSync(root)) return;
  const unfinished = `${root}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  await make(unfinished);
  renameSync(unfinished, root);
}
