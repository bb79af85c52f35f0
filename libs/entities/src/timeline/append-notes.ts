import type { RunNote, StoredNote } from '@app/kernel';
import type { Queryable } from '../database/queryable.js';

/** A note without its time, which the database adds. */
export type Note = RunNote | (StoredNote extends infer N ? (N extends unknown ? Omit<N, 'at'> : never) : never);

/** The notes of each session, by its id. */
export type NotesById = Record<string, readonly Note[]>;

const APPEND = 'UPDATE sessions s SET timeline = timeline_append(s.timeline, $2::jsonb -> s.id) WHERE s.id = ANY($1)';

/** Adds notes to the timelines of sessions that this transaction has locked. */
export async function appendNotes(statements: Queryable, notes: NotesById): Promise<void> {
  const ids = Object.keys(notes).filter((id) => notes[id]?.length !== 0);
  if (ids.length > 0) await statements.query(APPEND, [ids, JSON.stringify(notes)]);
}

/** Brings the notes of several parts together by session. */
export function notesById(parts: readonly { id: string; notes: readonly Note[] }[]): NotesById {
  const all: Record<string, Note[]> = {};
  for (const { id, notes } of parts) (all[id] ??= []).push(...notes);
  return all;
}
