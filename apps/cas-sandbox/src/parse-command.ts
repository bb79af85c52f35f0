import { BadRequestException } from '@nestjs/common';
import { z } from 'zod';

/** @throws BadRequestException that says what is wrong with the command, line by line. */
export function parseCommand<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new BadRequestException({ error: z.prettifyError(parsed.error) });
  return parsed.data;
}
