import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { gatewayNamespaces, roomsNamespaces, sandboxNamespaces, workerNamespaces } from './apps.js';
import { envExample } from './env-example.js';
import { readSettings } from './read-settings.js';
import type { Namespace } from './namespaces/namespace.js';

const apps: Record<string, Record<string, Namespace>> = {
  gateway: gatewayNamespaces,
  worker: workerNamespaces,
  'cas-sandbox': sandboxNamespaces,
  cli: roomsNamespaces,
};
const text = envExample(apps);
const variables = Object.values(apps).flatMap((namespaces) =>
  Object.values(namespaces).flatMap((namespace) => Object.entries(namespace.variables)),
);

/** What a recipe prints. Node stands in for openssl, which this machine need not have. */
function run(recipe: string): string {
  const command = recipe.replaceAll(
    /openssl rand -(hex|base64) (\d+)/g,
    (_, encoding: string, bytes: string) => `node -p 'crypto.randomBytes(${bytes}).toString("${encoding}")'`,
  );
  return execFileSync('sh', ['-c', command], { encoding: 'utf8' }).trim();
}

describe('.env.example', () => {
  it('is up to date with the code', () => {
    expect(readFileSync('.env.example', 'utf8')).toBe(text);
  });

  it('lists every variable that any process reads', () => {
    for (const [name] of variables) expect(text).toMatch(new RegExp(`^# ${name}=`, 'm'));
  });

  it('describes every variable in one line', () => {
    for (const [name, { description: about }] of variables) {
      expect([name, about.length > 10, about.includes('\n')]).toEqual([name, true, false]);
    }
  });

  it('contains no secret, not even a sample', () => {
    for (const [name, { secret, default: value }] of variables) {
      if (secret === true) expect([name, value]).toEqual([name, undefined]);
    }
  });

  it('gives a recipe for every secret, and for nothing else', () => {
    for (const [name, { secret, recipe }] of variables) {
      expect([name, recipe !== undefined]).toEqual([name, secret === true]);
      if (recipe !== undefined) expect(text).toContain(`\n#   $ ${recipe}\n# ${name}=\n`);
    }
  });

  it.each(variables.flatMap(([name, { recipe, schema }]) => (recipe === undefined ? [] : [{ name, recipe, schema }])))(
    'has a recipe for $name that prints a different valid value each time',
    ({ name, recipe, schema }) => {
      const values = [run(recipe), run(recipe)];
      for (const value of values) expect(schema.safeParse(value)).toMatchObject({ success: true });
      if (!['HTTPS_PROXY', 'ALL_PROXY'].includes(name)) expect(new Set(values).size).toBe(2);
    },
  );

  it('sets nothing when it is used unchanged', () => {
    expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([]);
  });

  it('has defaults that pass validation', () => {
    for (const namespaces of Object.values(apps)) {
      for (const namespace of Object.values(namespaces)) {
        for (const [name, variable] of Object.entries(namespace.variables)) {
          if (variable.default === undefined) continue;
          expect([name, variable.schema.safeParse(variable.default).success]).toEqual([name, true]);
        }
      }
    }
    expect(() => readSettings({ queue: gatewayNamespaces.queue }, {})).not.toThrow();
  });

  it('names the processes that use a namespace', () => {
    expect(text).toContain('# --- Database · used by: gateway, worker\n');
    expect(text).toContain('# --- Gateway · used by: gateway\n');
  });
});
