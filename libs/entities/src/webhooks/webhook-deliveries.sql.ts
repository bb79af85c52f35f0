/** A lookup in the index for each endpoint: however much is due, one entry is read. */
export const DUE_ENDPOINTS = `
  SELECT e.id FROM webhook_endpoints e
  WHERE e.disabled_reason IS NULL
    AND (SELECT d.due_at FROM webhook_deliveries d WHERE d.endpoint_id = e.id AND d.status = 'pending'
         ORDER BY d.due_at LIMIT 1) <= statement_timestamp()`;

/** The rows are locked by the subquery and found by their place, as in the sweeper's statements. */
export const CLAIM = `
  WITH claimed AS (
    UPDATE webhook_deliveries d SET due_at = statement_timestamp() + make_interval(secs => $2)
    WHERE d.ctid = ANY(ARRAY(
      SELECT due.ctid
      FROM jsonb_to_recordset($1::jsonb) AS w ("endpointId" text, n int)
      JOIN webhook_endpoints e ON e.id = w."endpointId" AND e.disabled_reason IS NULL
      CROSS JOIN LATERAL (
        SELECT c.ctid FROM webhook_deliveries c
        WHERE c.endpoint_id = e.id AND c.status = 'pending' AND c.due_at <= statement_timestamp()
        ORDER BY c.due_at LIMIT w.n FOR UPDATE SKIP LOCKED) due))
    RETURNING d.id, d.endpoint_id, d.type, d.session_id, d.payload, d.step, d.due_at::text AS lease
  )
  SELECT c.id, c.endpoint_id AS "endpointId", c.type, c.payload, c.step, c.lease, e.url, e.secret_sealed AS secret,
         CASE WHEN e.previous_until > statement_timestamp() THEN e.previous_sealed END AS "previousSecret",
         CASE WHEN $3 THEN (SELECT s.traceparent FROM sessions s WHERE s.id = c.session_id) END AS traceparent
  FROM claimed c JOIN webhook_endpoints e ON e.id = c.endpoint_id`;

/**
 * Records attempts, moves their deliveries on, and judges their endpoints: 410 disables one at once, failures alone for
 * `$2` days do so with the next failure. The first and the last of those failures then lie days apart.
 *
 * A claim that is no longer the latest, since its lease ran out or its delivery was replayed, changes no schedule; a success
 * counts all the same.
 */
export const SETTLE = `
  WITH input AS (
    SELECT DISTINCT ON (id) * FROM jsonb_to_recordset($1::jsonb)
      AS i (id text, "endpointId" text, url text, lease timestamptz, "durationMs" int, status int, error text, reply text, outcome text,
            "waitS" float8, gone boolean)
    ORDER BY id, outcome = 'delivered' DESC
  ), settled AS (
    UPDATE webhook_deliveries d
    SET attempts = d.attempts + 1,
        step = CASE WHEN d.due_at = i.lease THEN d.step + 1 ELSE d.step END,
        status = CASE WHEN i.outcome = 'delivered' THEN 'delivered'
                      WHEN i.outcome = 'failed' AND d.due_at = i.lease THEN 'failed' ELSE d.status END,
        due_at = CASE WHEN d.due_at = i.lease THEN statement_timestamp() + make_interval(secs => i."waitS")
                      ELSE d.due_at END
    FROM input i WHERE d.id = i.id
    RETURNING d.id, d.attempts
  ), recorded AS (
    INSERT INTO webhook_attempts (delivery_id, attempt, at, duration_ms, status, error, reply)
    SELECT s.id, s.attempts, statement_timestamp(), i."durationMs", i.status, i.error, i.reply
    FROM settled s JOIN input i ON i.id = s.id
  ), judged AS (
    SELECT "endpointId" AS id, url, bool_or(outcome = 'delivered') AS works, bool_or(gone) AS gone
    FROM input GROUP BY "endpointId", url
  ), changed AS (
    UPDATE webhook_endpoints e
    SET failing_since = CASE WHEN j.works THEN NULL ELSE COALESCE(e.failing_since, statement_timestamp()) END,
        disabled_reason = CASE
          WHEN j.gone THEN 'gone'
          WHEN NOT j.works AND e.failing_since <= statement_timestamp() - make_interval(days => $2) THEN 'failing' END
    FROM judged j
    WHERE e.id = j.id AND e.url = j.url AND e.disabled_reason IS NULL
      AND (j.gone OR CASE WHEN j.works THEN e.failing_since IS NOT NULL
                          ELSE COALESCE(e.failing_since <= statement_timestamp() - make_interval(days => $2), true) END)
    RETURNING e.id, e.disabled_reason
  )
  SELECT id, disabled_reason AS reason FROM changed WHERE disabled_reason IS NOT NULL`;
