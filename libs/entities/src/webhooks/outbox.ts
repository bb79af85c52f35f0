import type { Queryable } from '../database/queryable.js';

/**
 * What a statement that changes sessions (`sessions s`) returns of them, so that `recordEvents` can be part of it. Within one
 * statement the table shows what was before.
 */
export const EVENT_COLUMNS = `s.id, s.room, s.generation, s.version, s.status, s.failure_code, s.metadata,
  s.created_at, s.ready_at, s.expires_at, s.ended_at`;

const time = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

interface EventOptions {
  /** SQL: the type of the event. By default it is named after the session's status. */
  type?: string;
  /** SQL over the session `s` and the endpoint `e`: which events are left out. */
  unless?: string;
  /** SQL: a further field, with a comma before it. */
  more?: string;
}

/**
 * SQL: writes the event of each changed session for every endpoint that wants it, as a CTE of the statement that changes
 * the sessions. There is no event without its change, and no change without its event. Without endpoints it reads an
 * empty table and writes nothing.
 *
 * Events are written here and nowhere else. They hold no token and no caller; chat tokens, whose ids do not begin with
 * `ses_`, have none.
 *
 * @param changed the CTE with the changed sessions and at least `EVENT_COLUMNS`
 */
export function recordEvents(
  changed: string,
  { type = `'session.' || s.status`, unless = 'false', more = '' }: EventOptions = {},
): string {
  return `
    INSERT INTO webhook_deliveries (id, endpoint_id, type, session_id, payload, due_at, created_at)
    SELECT 'msg_' || replace(gen_random_uuid()::text, '-', ''), e.id, ${type}, s.id,
           json_build_object('type', ${type}, 'timestamp', ${time('statement_timestamp()')}, 'data', CASE
             WHEN e.include_metadata THEN json_build_object(${fields(more)}, 'metadata', s.metadata)
             ELSE json_build_object(${fields(more)}) END),
           statement_timestamp(), statement_timestamp()
    FROM ${changed} s JOIN webhook_endpoints e
      ON e.disabled_reason IS NULL AND ${type} = ANY(e.types)
         AND (e.room_prefix IS NULL OR starts_with(s.room, e.room_prefix))
    WHERE starts_with(s.id, 'ses_') AND NOT (${unless})`;
}

function fields(more: string): string {
  return `'id', s.id, 'room', s.room, 'generation', s.generation, 'version', s.version, 'status', s.status,
          'createdAt', ${time('s.created_at')}, 'readyAt', ${time('s.ready_at')}, 'expiresAt', ${time('s.expires_at')},
          'endedAt', ${time('s.ended_at')}, 'failureCode', CASE WHEN s.status = 'failed' THEN s.failure_code END${more}`;
}

/** Writes the event of a session that its room's next generation has replaced, in the transaction that does so. */
export async function recordRotation(statements: Queryable, id: string, successorId: string): Promise<void> {
  await statements.query(
    `WITH rotated AS (
       SELECT ${EVENT_COLUMNS}, n.id AS successor_id, n.generation AS successor_generation
       FROM sessions s, sessions n WHERE s.id = $1 AND n.id = $2
     )
     ${recordEvents('rotated', {
       type: `'session.rotated'`,
       more: `, 'successor', json_build_object('id', s.successor_id, 'generation', s.successor_generation)`,
     })}`,
    [id, successorId],
  );
}
