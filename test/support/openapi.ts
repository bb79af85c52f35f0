import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormatsModule from 'ajv-formats';

export interface Media {
  schema: object;
  examples?: Record<string, { value: unknown }>;
}

export interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  example?: unknown;
  schema: object;
}

export interface Response {
  description: string;
  headers?: Record<string, unknown>;
  content?: Record<string, Media>;
}

export interface Operation {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  security?: Record<string, unknown>[];
  parameters: Parameter[];
  requestBody?: { required: boolean; content: Record<string, Media> };
  /** By status, or `default`. As they stand in the document some only refer to a component. */
  responses: Record<string, Response>;
}

export interface OpenApi {
  openapi: string;
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, object>;
    responses: Record<string, Response>;
    securitySchemes: Record<string, unknown>;
  };
}

/** One operation with the place where it stands. */
export interface Placed {
  path: string;
  method: string;
  operation: Operation;
}

export const documentText = readFileSync('openapi.json', 'utf8');
export const openApi = JSON.parse(documentText) as OpenApi;

/** Every operation, with its responses in full. */
export const operations: Placed[] = Object.entries(openApi.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    path,
    method: method.toUpperCase(),
    operation: { ...operation, responses: inFull(operation.responses) },
  })),
);

function inFull(responses: Record<string, Response & { $ref?: string }>): Record<string, Response> {
  const entries = Object.entries(responses).map(([status, { $ref, ...own }]) => {
    const named = openApi.components.responses[$ref?.split('/').at(-1) ?? ''];
    return [status, named ?? own] as const;
  });
  return Object.fromEntries(entries);
}

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormatsModule.default(ajv);
ajv.addSchema(openApi, 'openapi.json');
const compiled = new WeakMap<object, ValidateFunction>();

/** A check against a schema of the document, whose `$ref`s are meant from its root. */
function check(schema: object): ValidateFunction {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const absolute = JSON.stringify(schema).replaceAll('"#/', '"openapi.json#/');
  const made = ajv.compile(JSON.parse(absolute) as object);
  compiled.set(schema, made);
  return made;
}

/** What is wrong with a value, by a schema of the document. */
export function faultsOf(schema: object, value: unknown): unknown[] {
  const validate = check(schema);
  return validate(value) ? [] : [...(validate.errors ?? [])];
}
