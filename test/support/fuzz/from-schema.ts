import fc from 'fast-check';
import { openApi } from '../openapi.js';

interface Schema {
  $ref?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  type?: string | string[];
  format?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
}

/** What people write. */
export const niceText = fc.string({ unit: 'grapheme', maxLength: 20 });

const anyValue = fc.jsonValue({ maxDepth: 2, stringUnit: 'grapheme' });

/** Values that fit a schema of the document. */
export function valuesOf(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) return valuesOf(target(schema.$ref));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(valuesOf));
  if (Array.isArray(schema.type)) return fc.oneof(...schema.type.map((type) => valuesOf({ ...schema, type })));
  switch (schema.type) {
    case 'string':
      return texts(schema);
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -1000, max: schema.maximum ?? 1000 });
    case 'number':
      return fc.double({ min: schema.minimum ?? -1000, max: schema.maximum ?? 1000, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return arrays(schema);
    case 'object':
      return objects(schema);
    default:
      return anyValue;
  }
}

function texts({ format, minLength = 0, maxLength = 20 }: Schema): fc.Arbitrary<string> {
  if (format === 'uri') return fc.nat(100).map((n) => `https://hooks.invalid/${n}`);
  if (format === 'date-time') {
    const between = { min: new Date('2020-01-01'), max: new Date('2040-01-01'), noInvalidDate: true };
    return fc.date(between).map((date) => date.toISOString());
  }
  return fc.string({ unit: 'grapheme', minLength, maxLength });
}

function arrays({ items = {}, minItems = 0, maxItems = 5, uniqueItems = false }: Schema): fc.Arbitrary<unknown[]> {
  const bounds = { minLength: minItems, maxLength: maxItems };
  return uniqueItems ? fc.uniqueArray(valuesOf(items), bounds) : fc.array(valuesOf(items), bounds);
}

function objects({ properties = {}, required = [], additionalProperties = true }: Schema): fc.Arbitrary<object> {
  const named = fc.record(
    Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, valuesOf(inner)])),
    { requiredKeys: required },
  );
  if (additionalProperties === false) return named;
  const others = additionalProperties === true ? anyValue : valuesOf(additionalProperties);
  const free = fc.dictionary(niceText, others, { maxKeys: 3 });
  return fc.tuple(free, named).map(([more, own]) => ({ ...more, ...own }));
}

function target(ref: string): Schema {
  const name = ref.replace('#/components/schemas/', '');
  const schema = openApi.components.schemas[name];
  if (schema === undefined) throw new Error(`${ref} leads nowhere`);
  return schema;
}
