import { type ArgumentMetadata, Injectable, StandardSchemaValidationPipe } from '@nestjs/common';
import { type FieldError, ProblemError } from '../problems/problem.js';

interface Issue {
  code?: string;
  message: string;
  path?: readonly PropertyKey[];
  /** Unknown keys, for `unrecognized_keys`. */
  keys?: readonly string[];
}

/** A body of 64 KiB can have thousands of errors; the reply must not grow larger than the request. */
const MAX_ERRORS = 100;

/** Parses bodies and parameters with their zod schema; answers 422 with every error and its location. */
@Injectable()
export class ValidationPipe extends StandardSchemaValidationPipe {
  constructor() {
    super({ exceptionFactory: (issues) => new InvalidError(issues as readonly Issue[]) });
  }

  override async transform<T>(value: T, metadata: ArgumentMetadata): Promise<T> {
    try {
      return await super.transform(value, metadata);
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error;
      const errors = error.issues.slice(0, MAX_ERRORS).flatMap((issue) => toFieldErrors(issue, metadata));
      throw new ProblemError('validation-failed', { errors: errors.slice(0, MAX_ERRORS) });
    }
  }

  /** The schema decides about every key: the caller's data is never dropped silently. */
  protected override stripProtoKeys(): void {
    // keeps every key
  }
}

class InvalidError extends Error {
  constructor(readonly issues: readonly Issue[]) {
    super('invalid');
  }
}

function toFieldErrors(issue: Issue, metadata: ArgumentMetadata): FieldError[] {
  const path = (issue.path ?? []).map(String);
  if (metadata.type === 'param') return [{ detail: issue.message, parameter: metadata.data ?? path.join('.') }];
  if (issue.code === 'unrecognized_keys') {
    return (issue.keys ?? []).slice(0, MAX_ERRORS).map((key) => place('is not known', [...path, key], metadata));
  }
  return [place(issue.message, path, metadata)];
}

function place(detail: string, path: string[], metadata: ArgumentMetadata): FieldError {
  if (metadata.type === 'query') return { detail, parameter: metadata.data ?? path.join('.') };
  const pointer = path.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  return { detail, pointer: `#${pointer}` };
}
