import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type Route, ROUTES } from '../../apps/gateway/src/routing/routes.js';

const TESTS = join(import.meta.dirname, '..');
const source = ['integration', 'e2e', 'support']
  .flatMap((place) =>
    readdirSync(join(TESTS, place), { recursive: true, encoding: 'utf8' }).map((name) => join(place, name)),
  )
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(TESTS, name), 'utf8'))
  .join('\n');

/** `send('GET', `/v1/sessions/${id}`)` and the like: the method, then the path with something for each parameter. */
function requestOf({ method, path }: Route): RegExp {
  const parts = path.split('/').map((part) => (part.startsWith(':') ? '(?:\\$\\{[^}]*\\}|[^/`\'"$?]+)' : part));
  return new RegExp(`'${method}',\\s*[\`']${parts.join('/')}[?\`'$]`);
}

describe('the table of routes', () => {
  it.each(Object.entries<Route>(ROUTES))('has a test that sends a request to %s', (_name, route) => {
    expect(requestOf(route).test(source)).toBe(true);
  });
});
