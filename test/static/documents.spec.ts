import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { requiredScopes, ROUTES } from '../../apps/gateway/src/routing/routes.js';
import { PROBLEMS } from '../../apps/gateway/src/problems/problem-codes.js';
import { BACKOFF_MS } from '../../apps/worker/src/mint-tokens/backoff.js';

const ROOT = join(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

const DOCUMENTS = [
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'clients/conformance/README.md',
  'clients/typescript/README.md',
  'deploy/README.md',
  ...filesIn('docs').filter((name) => name.endsWith('.md')),
];

/** Of Prometheus, and of every Node process; alarms read them as well. */
const STANDARD_METRICS = ['up', 'process_start_time_seconds'];

/** Of npm itself. */
const NPM_COMMANDS = ['ci', 'install', 'pack'];

function filesIn(directory: string): string[] {
  return readdirSync(join(ROOT, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

/** What stands in code, inline or in a block. */
function codeIn(document: string): string {
  return [...read(document).matchAll(/```[a-z]*\n([\s\S]*?)```|`([^`\n]+)`/g)]
    .map(([, block, inline]) => block ?? inline ?? '')
    .join('\n');
}

const every = (text: string, pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map(([, found]) => String(found))),
];

/** Rows of the first table with this heading, cell by cell. */
function tableIn(document: string, firstHeading: string): string[][] {
  const lines = read(document).split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${firstHeading} |`));
  const rows = lines.slice(start + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end === -1 ? undefined : end).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

const source = filesIn('apps')
  .concat(filesIn('libs'))
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
  .map(read)
  .join('\n');
const metrics = every(source, /new (?:Counter|Gauge|Histogram)(?:<[^>]*>)?\(\{\s*name: '([a-z_]+)'/g);

describe('README.md', () => {
  it('fits on two screens', () => {
    expect(read('README.md').split('\n').length).toBeLessThanOrEqual(130);
  });

  it('states what cannot be promised', () => {
    expect(read('README.md')).toContain('What cannot be promised: that CAS is called exactly once.');
  });
});

describe.each(DOCUMENTS)('%s', (document) => {
  it('links to what exists', () => {
    const links = every(read(document), /\]\(([^)\s]+)\)/g).filter((link) => !/^https?:/.test(link));
    const broken = links.filter((link) => {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? document : join(dirname(document), path);
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && !anchorsIn(target).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it('names npm scripts that exist', () => {
    const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(read('package.json')));
    const named = every(codeIn(document), /\bnpm (?:run )?([a-z][a-z:-]*)/g);
    expect(named.filter((name) => !NPM_COMMANDS.includes(name) && scripts[name] === undefined)).toEqual([]);
  });

  it('names paths that exist', () => {
    const named = every(
      codeIn(document),
      /(?:^|[\s"'])((?:apps|clients|deploy|libs|test|tools|docker|docs|dist)\/[\w./-]*)/gm,
    );
    const missing = named
      .map((path) => path.replace(/^dist\/(apps\/[\w-]+)\/main\.js$/, '$1/src/main.ts'))
      .filter((path) => !existsSync(join(ROOT, path)));
    expect(missing).toEqual([]);
  });

  it('names files that exist', () => {
    const everywhere = ['apps', 'clients', 'deploy', 'libs', 'test', 'tools', 'docker', 'docs'].flatMap(filesIn);
    const names = new Set([...everywhere, ...readdirSync(ROOT)].map((path) => path.split('/').at(-1)));
    const named = every(codeIn(document), /^((?:[\w-]+\.)+(?:ts|mjs|ya?ml|md|sh))$/gm);
    expect(named.filter((name) => !names.has(name))).toEqual([]);
  });

  it('names variables that exist', () => {
    // Of earlier names only the changelog speaks.
    const earlier = document === 'CHANGELOG.md' ? ['MAX_STREAMS'] : [];
    // Of Compose, and of docker-compose.yml.
    const compose = ['COMPOSE_PROFILES', ...every(read('docker-compose.yml'), /\$\{([A-Z_]+)/g)];
    // Of HAProxy and psql.
    const foreign = ['METH_POST', 'ON_ERROR_STOP'];
    const known = [...foreign, ...every(read('.env.example'), /^# ([A-Z_]+)=/gm), ...compose, ...earlier];
    const launcher = every(filesIn('tools').map(read).join('\n'), /\benv\.([A-Z_]+)\b/g);
    const code = codeIn(document);
    const named = [...every(code, /\b([A-Z]+(?:_[A-Z]+)+)\b/g), ...every(code, /\b([A-Z]{2,})=/g)];
    const exists = (name: string) =>
      [name, name.replace(/_FILE$/, '')].some((one) => [...known, ...launcher].includes(one));
    expect(named.filter((name) => !exists(name))).toEqual([]);
  });

  it('names metrics that exist', () => {
    const named = every(codeIn(document), /^([a-z]+(?:_[a-z]+)*_(?:seconds|total|up|jobs|state))$/gm);
    expect(named.filter((name) => ![...metrics, ...STANDARD_METRICS].includes(name))).toEqual([]);
  });
});

/** As GitHub makes them. */
function anchorsIn(document: string): string[] {
  return every(read(document), /^#+ (.+)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('docs/api.md', () => {
  it('has the problem codes of the code', () => {
    const codes = Object.entries(PROBLEMS).map(([code, { status, retryable, title }]) => [
      code,
      String(status),
      retryable ? 'yes' : 'no',
      title,
    ]);
    expect(tableIn('docs/api.md', 'code')).toEqual(codes);
  });

  it('has the routes of the code, with their scopes', () => {
    const routes = Object.values(ROUTES).map((route) => {
      const scopes = requiredScopes(route).join(' and ') || 'none';
      return `${route.method} ${route.path.replaceAll(/:(\w+)/g, '{$1}')} ${scopes}`;
    });
    const documented = tableIn('docs/api.md', 'route').map(([route, scope]) => `${String(route)} ${String(scope)}`);
    expect(documented.sort()).toEqual(routes.sort());
  });
});

describe('docs/operations.md', () => {
  it('has every metric', () => {
    expect(metrics.length).toBeGreaterThan(5);
    const documented = tableIn('docs/operations.md', 'metric').map(([name]) => name);
    expect(documented.sort()).toEqual([...new Set([...metrics, ...STANDARD_METRICS])].sort());
  });
});

describe('docs/decisions', () => {
  const decisions = DOCUMENTS.filter((name) => name.startsWith('docs/decisions/'));

  it.each(decisions)('%s is numbered and dated, and says context, decision and consequences', (decision) => {
    const number = /(\d{4})-[a-z-]+\.md$/.exec(decision)?.[1] ?? 'none';
    expect(read(decision)).toMatch(
      new RegExp(
        `^# ${number}: .+\\n\\n\\d{4}-\\d{2}-\\d{2}\\n\\n\\*\\*Context\\.[\\s\\S]+\\*\\*Decision\\.[\\s\\S]+\\*\\*Consequences\\.`,
      ),
    );
  });

  it('has the waits of the code', () => {
    const inWords = BACKOFF_MS.map((ms) => (ms < 1000 ? `${ms} ms` : `${ms / 1000} s`));
    const text = read('docs/decisions/0003-one-retry-layer.md').replaceAll(/\s+/g, ' ');
    expect(text).toContain(`${inWords.slice(0, -1).join(', ')}, then ${String(inWords.at(-1))}`);
  });
});
