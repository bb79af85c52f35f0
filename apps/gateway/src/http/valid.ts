import { type FieldError, ProblemError } from '../problems/problem.js';

/** A Standard Schema that validates synchronously, such as one of zod. */
export interface Schema<T> {
  readonly '~standard': { validate: (value: unknown) => Result<T> | Promise<Result<T>> };
}

type Result<T> = { readonly value: T; readonly issues?: undefined } | { readonly issues: readonly Issue[] };

interface Issue {
  code?: string;
  message: string;
  path?: readonly unknown[] | undefined;
  /** Unknown keys, for `unrecognized_keys`. */
  keys?: readonly string[];
}

/** Where a value of a request came from; a parameter has a name, unless all of them were read at once. */
export interface Source {
  type: 'body' | 'param' | 'query' | 'custom';
  data?: string | undefined;
}

/** A body of 64 KiB can have thousands of errors; the reply must not grow larger than the request. */
const MAX_ERRORS = 100;

/** The value as its schema reads it. @throws ProblemError 422 with every error and its location */
export function valid<T>(schema: Schema<T>, value: unknown, source: Source): T {
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise) throw new Error('schemas of requests validate synchronously');
  if (result.issues === undefined) return result.value;
  const errors = result.issues.slice(0, MAX_ERRORS).flatMap((issue) => toFieldErrors(issue, source));
  throw new ProblemError('validation-failed', { errors: errors.slice(0, MAX_ERRORS) });
}

function toFieldErrors(issue: Issue, source: Source): FieldError[] {
  const path = (issue.path ?? []).map(String);
  if (source.type === 'param') return [{ detail: issue.message, parameter: source.data ?? path.join('.') }];
  if (issue.code === 'unrecognized_keys') {
    return (issue.keys ?? []).slice(0, MAX_ERRORS).map((key) => place('is not known', [...path, key], source));
  }
  return [place(issue.message, path, source)];
}

function place(detail: string, path: string[], source: Source): FieldError {
  if (source.type === 'query') return { detail, parameter: source.data ?? path.join('.') };
  const pointer = path.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  return { detail, pointer: `#${pointer}` };
}
