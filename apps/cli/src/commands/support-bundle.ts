import { hostname } from 'node:os';
import { describeSettings, doctorNamespaces, examineSettings, processEnvironment, secretValues } from '@app/config';
import { PostgresAccess } from '@app/connections';
import { examineDatabase } from '@app/entities';
import { describeCause, StartupError, VERSION } from '@app/kernel';
import { scrub } from '@app/observability';
import type { Command } from 'commander';
import { examine } from '../doctor/examine.js';
import { asLine } from '../doctor/finding.js';
import { Progress } from '../progress.js';
import { lastLines } from '../support-bundle/last-lines.js';
import { type Part, writeArchive } from '../support-bundle/write-archive.js';

const REPLY_WITHIN_MS = 5000;

interface Options {
  output?: string;
  opsUrl: string[];
  logs?: string;
}

/** One file for support: versions, settings, findings, metrics and the last log lines, without secrets. */
export function addSupportBundle(program: Command): void {
  const collect = (url: string, before: string[]) => [...before, url];
  program
    .command('support-bundle')
    .description(
      'writes one archive for support: versions, settings without secrets, findings, metrics, last log lines',
    )
    .option('--output <file>', 'the archive (default: support-<time>.tar.gz in this directory)')
    .option('--ops-url <url>', 'ops port of a gateway or worker, such as http://worker-1:3002; repeatable', collect, [])
    .option('--logs <directory>', 'directory with .log files, of which the last MiB each is taken')
    .action(supportBundle);
}

async function supportBundle({ output, opsUrl, logs }: Options): Promise<void> {
  const name = `support-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}`;
  const path = output ?? `${name}.tar.gz`;
  const steps: (() => Promise<Part[]>)[] = [
    versions,
    () => Promise.resolve([settings()]),
    findings,
    ...opsUrl.map((url, n) => () => observed(url, n)),
    ...(logs === undefined ? [] : [() => logTails(logs)]),
  ];
  const progress = new Progress('parts', steps.length);
  const parts: Part[] = [];
  for (const [n, step] of steps.entries()) {
    progress.at(n);
    parts.push(...(await step()));
  }
  progress.at(steps.length);
  progress.end();
  // The last line of defence: none of the parts should have contained a secret.
  const secrets = secretValues(doctorNamespaces, processEnvironment());
  const screened = [readme(opsUrl, logs), ...parts].map((part) => ({ ...part, text: masked(part.text, secrets) }));
  await writeArchive(path, name, screened).catch((error: unknown) => {
    throw new StartupError(`The archive could not be written: ${describeCause(path, error)}`);
  });
  process.stdout.write(
    `Wrote ${path}: ${screened.map((part) => part.name).join(', ')}.\n` +
      'It contains no secrets, but names of hosts and ids of sessions and callers: read it before passing it on.\n',
  );
}

/** Without anything that looks like a secret, and without those of this shell, whatever they look like. */
function masked(text: string, secrets: readonly string[]): string {
  const known = secrets.reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text);
  return known.split('\n').map(scrub).join('\n');
}

function readme(opsUrl: readonly string[], logs: string | undefined): Part {
  const missing = [
    ...(opsUrl.length === 0 ? ['No metrics: no --ops-url was given.'] : []),
    ...(logs === undefined ? ['No log lines: no --logs was given.'] : []),
  ];
  const lines = ['Support bundle of watchtogether-auth-server.', `Written at ${new Date().toISOString()}.`, ...missing];
  return { name: 'README.txt', text: `${lines.join('\n')}\n` };
}

async function versions(): Promise<Part[]> {
  const { settings } = examineSettings(doctorNamespaces, processEnvironment());
  const found = settings.database && (await examineDatabase(new PostgresAccess({ url: settings.database.url })));
  const text = {
    product: VERSION,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    host: hostname(),
    database: found === undefined ? null : { schema: found.state, server: found.server?.version ?? null },
  };
  return [{ name: 'versions.json', text: json(text) }];
}

function settings(): Part {
  return { name: 'settings.json', text: json(describeSettings(doctorNamespaces, processEnvironment())) };
}

async function findings(): Promise<Part[]> {
  return [{ name: 'doctor.txt', text: (await examine()).map(asLine).join('') }];
}

/** Health and metrics of one process. What cannot be had is said in its place. */
async function observed(url: string, n: number): Promise<Part[]> {
  const read = async (path: string): Promise<string> => {
    try {
      const reply = await fetch(new URL(path, url), { signal: AbortSignal.timeout(REPLY_WITHIN_MS) });
      return `${String(reply.status)}\n${await reply.text()}\n`;
    } catch (error) {
      return `unreachable: ${describeCause(path, error)}\n`;
    }
  };
  const [live, ready, metrics] = await Promise.all(['/livez', '/readyz', '/metrics'].map(read));
  const name = `process-${String(n + 1)}`;
  const health = `${url}\n/livez ${live ?? ''}/readyz ${ready ?? ''}`;
  return [
    { name: `${name}-health.txt`, text: health },
    { name: `${name}-metrics.txt`, text: metrics ?? '' },
  ];
}

async function logTails(directory: string): Promise<Part[]> {
  const tails = await lastLines(directory).catch((error: unknown) => {
    throw new StartupError(`The logs could not be read: ${describeCause(directory, error)}`);
  });
  return tails.map(({ name, text }) => ({ name: `logs/${name}`, text }));
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
