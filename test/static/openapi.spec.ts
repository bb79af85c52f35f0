import { describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { requiredScopes, type Route, ROUTES } from '../../apps/gateway/src/routing/routes.js';
import { documentText as text, faultsOf, openApi as document, operations } from '../support/openapi.js';

const media = operations.flatMap(({ operation }) => [
  ...Object.values(operation.requestBody?.content ?? {}).map((one) => ({
    of: `${operation.operationId} body`,
    ...one,
  })),
  ...Object.entries(operation.responses).flatMap(([status, { content = {} }]) =>
    Object.values(content).map((one) => ({ of: `${operation.operationId} ${status}`, ...one })),
  ),
]);

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    // The validator takes apart what it gets.
    const result = await new Validator().validate(JSON.parse(text) as Record<string, unknown>);
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
  });

  it('has a target for every $ref', () => {
    const refs = [...text.matchAll(/"\$ref": "([^"]*)"/g)].map(([, ref = '']) => ref);
    expect(refs.length).toBeGreaterThan(10);
    for (const ref of new Set(refs)) {
      const target = ref
        .slice('#/'.length)
        .split('/')
        .reduce<unknown>((inner, part) => (inner as Record<string, unknown> | undefined)?.[part], document);
      expect([ref, typeof target]).toEqual([ref, 'object']);
    }
  });

  it('has exactly the routes of the table, each under its name', () => {
    const documented = operations.map(({ path, method, operation }) => [operation.operationId, method, path]);
    const routes: [string, Route][] = Object.entries(ROUTES);
    const known = routes.map(([name, { method, path }]) => [name, method, path.replaceAll(/:(\w+)/g, '{$1}')]);
    expect(documented.sort()).toEqual(known.sort());
  });

  it('asks for a credential where a scope is needed, and says which', () => {
    expect(document.components.securitySchemes).toEqual({
      credential: { type: 'http', scheme: 'bearer', description: expect.any(String) },
    });
    for (const { operation } of operations) {
      const route: Route = ROUTES[operation.operationId as keyof typeof ROUTES];
      expect([operation.operationId, operation.security]).toEqual([
        operation.operationId,
        route.scope === null ? [] : [{ credential: [] }],
      ]);
      if (route.scope === null) continue;
      for (const scope of requiredScopes(route)) expect(operation.description).toContain(`\`${scope}\``);
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['401', '403']));
    }
  });

  it('describes every operation and every reply', () => {
    for (const { operation } of operations) {
      expect(operation.summary).toMatch(/./);
      expect(operation.description).toMatch(/./);
      expect(operation.tags).toHaveLength(1);
      for (const response of Object.values(operation.responses)) expect(response.description).toMatch(/./);
    }
  });

  it('describes a success of every operation, and lists its tag', () => {
    for (const { operation } of operations) {
      const successes = Object.keys(operation.responses).filter((status) => status.startsWith('2'));
      expect([operation.operationId, successes.length > 0]).toEqual([operation.operationId, true]);
      expect(document.tags.map(({ name }) => name)).toContain(operation.tags[0]);
    }
  });

  it('shows an example of every body', () => {
    const bare = media.filter(({ examples }) => Object.keys(examples ?? {}).length === 0).map(({ of }) => of);
    expect(bare).toEqual([]);
  });

  it('shows only examples that are valid', () => {
    for (const { of, schema, examples = {} } of media) {
      for (const [name, { value }] of Object.entries(examples)) {
        expect([of, name, faultsOf(schema, value)]).toEqual([of, name, []]);
      }
    }
    for (const { operation } of operations) {
      for (const { name, schema, example } of operation.parameters) {
        if (example !== undefined) expect([name, faultsOf(schema, example)]).toEqual([name, []]);
      }
    }
  });

  it('shows no example that could be taken for a token or a key', () => {
    expect(text).not.toMatch(/eyJ|wtk_[a-z0-9]{4,}_/);
  });

  it('leaves a body optional where nothing in it is required', () => {
    for (const { operation } of operations) {
      const { requestBody } = operation;
      if (requestBody === undefined) continue;
      const schema = requestBody.content['application/json']?.schema ?? {};
      const takesNothing = faultsOf(schema, {}).length === 0 && operation.operationId !== 'updateWebhook';
      expect([operation.operationId, requestBody.required]).toEqual([operation.operationId, !takesNothing]);
    }
  });
});
