import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createIndex, dropIndex } from './create-index.js';
import { withoutQueueing } from './without-queueing.js';

/** Notes kept for one session. Beyond it those in the middle make way: the first ones and the latest tell most. */
const MAX_NOTES = 64;
const FIRST_NOTES = 12;

/**
 * The notes of a session's timeline, in its row: they are written by the statements that change it, and deleted with it.
 * The previous release leaves the column alone. Safe to repeat after an interruption.
 */
export class Timeline1764535000000 implements MigrationInterface {
  name = 'Timeline1764535000000';
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await withoutQueueing(runner, 'ALTER TABLE sessions ADD COLUMN IF NOT EXISTS timeline jsonb');
    // A note says how long ago it was; the time it gets is the database's. Of notes of one kind that follow each other,
    // such as those of a session that finds the circuit open again and again, one is kept.
    await runner.query(`
      CREATE OR REPLACE FUNCTION timeline_append(timeline jsonb, notes jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
      DECLARE
        now_ms constant bigint := 1000 * extract(epoch FROM statement_timestamp());
        added jsonb;
        latest jsonb;
      BEGIN
        -- Most sessions have one run: a third of the cost of the loop.
        IF timeline IS NULL THEN
          RETURN (SELECT jsonb_agg((value - 'agoMs') || jsonb_build_object(
                                     'at', now_ms - COALESCE((value ->> 'agoMs')::numeric, 0)::bigint))
                  FROM jsonb_array_elements(notes));
        END IF;
        FOR added IN SELECT value FROM jsonb_array_elements(notes) LOOP
          latest := timeline -> -1;
          added := (added - 'agoMs')
                   || jsonb_build_object('at', now_ms - COALESCE((added ->> 'agoMs')::numeric, 0)::bigint);
          IF added ->> 'reason' = 'taken-over' AND timeline @> jsonb_build_array(added - 'at') THEN
            CONTINUE;
          ELSIF (added ->> 'event' IN ('enqueued', 'seats') OR added ->> 'reason' IN ('circuit-open', 'store-unavailable'))
                AND latest ->> 'event' = added ->> 'event'
                AND latest ->> 'reason' IS NOT DISTINCT FROM added ->> 'reason' THEN
            timeline := jsonb_set(timeline, '{-1}', latest || (added - 'at') || jsonb_build_object(
              'until', added -> 'at', 'count', COALESCE((latest ->> 'count')::int, 1) + 1)
              || CASE WHEN added ->> 'event' = 'seats' THEN jsonb_build_object(
                   'taken', (latest ->> 'taken')::int + (added ->> 'taken')::int,
                   'freed', (latest ->> 'freed')::int + (added ->> 'freed')::int) ELSE '{}' END);
          ELSE
            timeline := timeline || added;
          END IF;
          IF jsonb_array_length(timeline) > ${String(MAX_NOTES)} THEN
            timeline := jsonb_set(timeline - ${String(FIRST_NOTES)}, '{${String(FIRST_NOTES - 1)},omitted}',
              to_jsonb(COALESCE((timeline #>> '{${String(FIRST_NOTES - 1)},omitted}')::int, 0) + 1));
          END IF;
        END LOOP;
        RETURN timeline;
      END $$`);
    await createIndex(
      runner,
      'webhook_deliveries',
      'webhook_deliveries_by_session',
      '(session_id, created_at) WHERE session_id IS NOT NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropIndex(runner, 'webhook_deliveries_by_session');
    await runner.query('ALTER TABLE sessions DROP COLUMN timeline');
    await runner.query('DROP FUNCTION timeline_append');
  }
}
