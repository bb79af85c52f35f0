import { BadRequestException } from '@nestjs/common';
import { z } from 'zod';

/** Validates a command. @throws BadRequestException listing every error, one per line. */
export function parseCommand<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new BadRequestException({ error: z.prettifyError(parsed.error) });
  return parsed.data;
}
