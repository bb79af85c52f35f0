import { z } from 'zod';

/**
 * Cursors of one list: the sort key of a page's last item as base64url JSON, opaque to clients.
 *
 * @param key the sort key's schema; cursors that do not match it were not issued by this server
 */
export function keysetCursor<K>(key: z.ZodType<K>) {
  const envelope = z.tuple([key]);
  return {
    // In an array, since an object in base64 begins like a JWT.
    encode: (place: K): string => Buffer.from(JSON.stringify([place])).toString('base64url'),
    /** The query parameter, parsed to the sort key. */
    parameter: z.string().transform((text, context): K => {
      const { data } = envelope.safeParse(parseJson(Buffer.from(text, 'base64url').toString()));
      if (data !== undefined) return data[0];
      context.addIssue('must be a nextCursor of this server');
      return z.NEVER;
    }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
