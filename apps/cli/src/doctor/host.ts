import { createServer } from 'node:net';
import type { AllSettings } from '@app/config';
import { maxOpenFiles } from '@app/observability';
import { fault, type Finding, ok, warning } from './finding.js';

/** Database, queue, files and log of a process need some of their own. */
const OTHER_FILES = 200;
const ANSWER_WITHIN_MS = 2000;

/** What a gateway and a worker started on this host would find: addresses and limits. */
export async function host(settings: Partial<AllSettings>): Promise<Finding[]> {
  const { http, ops } = settings;
  const findings: Finding[] = [];
  if (http !== undefined) {
    findings.push(openFiles(http.maxConnections), await address('HOST, PORT', http.host, http.port));
  }
  if (ops !== undefined) findings.push(await address('OPS_HOST, OPS_PORT', ops.host, ops.port));
  return findings;
}

function openFiles(maxConnections: number): Finding {
  const limit = maxOpenFiles();
  const text = `limit ${String(limit ?? 'unknown')}, MAX_CONNECTIONS ${String(maxConnections)}`;
  if (limit === null || limit >= maxConnections + OTHER_FILES) return ok('open files', text);
  return warning('open files', text, 'raise the limit of open files (ulimit -n), or lower MAX_CONNECTIONS');
}

/** Free, or taken by a process of this service. */
async function address(variables: string, hostname: string, port: number): Promise<Finding> {
  const place = `${hostname}:${String(port)} (${variables})`;
  const code = await listenError(hostname, port);
  if (code === null) return ok('listen address', `${place} is free`);
  if (code === 'EADDRINUSE' && (await isOurs(hostname, port)))
    return ok('listen address', `${place} is in use by this service`);
  const reason = code === 'EADDRINUSE' ? 'is in use by another program' : `cannot be used (${code})`;
  return fault('listen address', `${place} ${reason}`, `change ${variables}`);
}

function listenError(hostname: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? 'error');
    });
    server.listen(port, hostname, () => {
      server.close(() => {
        resolve(null);
      });
    });
  });
}

async function isOurs(hostname: string, port: number): Promise<boolean> {
  const reached = ['0.0.0.0', '::'].includes(hostname) ? 'localhost' : hostname;
  try {
    const reply = await fetch(`http://${reached}:${String(port)}/livez`, {
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const body = (await reply.json()) as { status?: unknown; failing?: unknown };
    return typeof body.status === 'string' && Array.isArray(body.failing);
  } catch {
    return false;
  }
}
