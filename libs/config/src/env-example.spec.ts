import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { gatewayNamespaces, sandboxNamespaces, workerNamespaces } from './apps.js';
import { envExample } from './env-example.js';
import { readSettings } from './read-settings.js';
import type { Namespace } from './namespaces/namespace.js';

const apps: Record<string, Record<string, Namespace>> = {
  gateway: gatewayNamespaces,
  worker: workerNamespaces,
  'cas-sandbox': sandboxNamespaces,
};
const text = envExample(apps);
const variables = Object.values(apps).flatMap((namespaces) =>
  Object.values(namespaces).flatMap((namespace) => Object.entries(namespace.variables)),
);

describe('.env.example', () => {
  it('is what the code says', () => {
    expect(readFileSync('.env.example', 'utf8')).toBe(text);
  });

  it('names every variable that any process reads', () => {
    for (const [name] of variables) expect(text).toMatch(new RegExp(`^# ${name}=`, 'm'));
  });

  it('says of every variable what it decides', () => {
    for (const [name, { description: about }] of variables) {
      expect([name, about.length > 10, about.includes('\n')]).toEqual([name, true, false]);
    }
  });

  it('holds no secret, not even a sample', () => {
    for (const [name, { secret, default: value }] of variables) {
      if (secret === true) expect([name, value]).toEqual([name, undefined]);
    }
  });

  it('sets nothing when it is used as it is', () => {
    expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([]);
  });

  it('has defaults that the processes accept', () => {
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

  it('says who reads a namespace', () => {
    expect(text).toContain('# --- Database · read by: gateway, worker\n');
    expect(text).toContain('# --- Gateway · read by: gateway\n');
  });
});
