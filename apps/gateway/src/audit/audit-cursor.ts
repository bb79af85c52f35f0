import type { AuditPlace } from '@app/entities';
import { AUDIT_ACTIONS, SESSION_ID } from '@app/kernel';
import { z } from 'zod';
import { isCursorTimestamp } from '../http/cursor-timestamp.js';
import { isStorable } from '../http/storable-json.js';

const place = z.tuple([
  z.string().refine(isCursorTimestamp),
  z.string().refine(isStorable),
  z.enum(AUDIT_ACTIONS),
  z.literal('').or(z.string().regex(SESSION_ID)),
]);

/** The place where a page ends, as clients carry it. Opaque to them. */
export function encodeAuditCursor({ at, actor, action, session }: AuditPlace): string {
  return Buffer.from(JSON.stringify([at, actor, action, session])).toString('base64url');
}

/** Null for what this server has not made. */
export function decodeAuditCursor(cursor: string): AuditPlace | null {
  const { data } = place.safeParse(parsed(Buffer.from(cursor, 'base64url').toString()));
  if (data === undefined) return null;
  const [at, actor, action, session] = data;
  return { at, actor, action, session };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
