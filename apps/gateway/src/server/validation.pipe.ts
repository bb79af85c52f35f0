import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { type Schema, valid } from '../http/valid.js';

/** Reads bodies and parameters by their schema, which decides about every key. */
@Injectable()
export class ValidationPipe implements PipeTransform {
  /** @throws ProblemError 422 */
  transform(value: unknown, { type, data, schema }: ArgumentMetadata): unknown {
    return schema === undefined ? value : valid(schema as Schema<unknown>, value, { type, data });
  }
}
