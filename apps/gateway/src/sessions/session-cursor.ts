import type { PagePlace } from '@app/entities';
import { SESSION_ID } from '@app/kernel';
import { isCursorTimestamp } from '../http/cursor-timestamp.js';

/** The place where a page ends, as clients carry it. Opaque to them. */
export function encodeCursor({ createdAt, id }: PagePlace): string {
  return Buffer.from(`${createdAt} ${id}`).toString('base64url');
}

/** Null for what this server has not made. */
export function decodeCursor(cursor: string): PagePlace | null {
  const [createdAt = '', id = '', ...rest] = Buffer.from(cursor, 'base64url').toString().split(' ');
  const made = isCursorTimestamp(createdAt) && SESSION_ID.test(id);
  return made && rest.length === 0 ? { createdAt, id } : null;
}
