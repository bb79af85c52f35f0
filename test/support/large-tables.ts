/**
 * Fills the tables with what a month leaves behind: 300,000 sessions that have ended, 150,000 audit entries, 50,000
 * idempotency keys, 100,000 events of webhooks. Triggers are off meanwhile, which takes a superuser.
 */
export const FILL_LARGE_TABLES = `
  SET session_replication_role = replica;

  INSERT INTO sessions (id, room, generation, status, products, created_by, created_at, ready_at, expires_at,
                        deadline_at, due_at, ended_at, failure_code)
  SELECT 'ses_' || lpad(n::text, 22, '0'), CASE WHEN n % 10 < 8 THEN 'room ' || n % 500 END,
         CASE WHEN n % 10 < 8 THEN 1 + n / 500 ELSE 1 END,
         CASE WHEN n % 10 = 9 AND n % 100 = 9 THEN 'failed' WHEN n % 3 = 0 THEN 'closed' ELSE 'expired' END,
         '{stream}', 'key:backend', t.at, t.at, t.at + interval '2 hours', t.at, t.at, t.at + interval '2 hours', 'cas-unavailable'
  FROM generate_series(1, 300000) n, LATERAL (SELECT now() - interval '20 days' + make_interval(secs => n * 5) AS at) t;

  INSERT INTO session_tokens (session_id, product, sealed, key_id, expires_at)
  SELECT id, 'stream', NULL, 'k1', expires_at FROM sessions;

  INSERT INTO audit_entries (id, at, actor, action, session_id, count)
  SELECT gen_random_uuid(), date_trunc('minute', now() - interval '20 days' + make_interval(secs => n * 10)),
         CASE WHEN n % 2 = 0 THEN 'key:backend' ELSE 'user:https://login.example.com#u' || n % 500 END, 'read-tokens',
         'ses_' || lpad((n % 1000)::text, 22, '0'), 1
  FROM generate_series(1, 150000) n;

  INSERT INTO idempotency_keys (caller, key, fingerprint, session_id, created_at)
  SELECT 'key:backend', 'k' || n, 'f', 'ses_' || lpad(n::text, 22, '0'), now() - make_interval(secs => n * 2)
  FROM generate_series(1, 50000) n;

  INSERT INTO webhook_endpoints (id, url, types, secret_sealed, secret_key_id)
  VALUES ('whe_' || repeat('1', 22), 'https://hooks.invalid/', '{session.ready,session.expiring}', 'v1.k1.x.x', 'k1');

  INSERT INTO webhook_deliveries (id, endpoint_id, type, session_id, payload, status, attempts, due_at, created_at)
  SELECT 'msg_' || lpad(n::text, 32, '0'), CASE WHEN n % 2 = 0 THEN 'whe_' || repeat('1', 22) ELSE 'whe_gone' END,
         'session.ready', 'ses_' || lpad(n::text, 22, '0'), '{}',
         CASE WHEN n % 100 = 0 THEN 'failed' WHEN n > 99000 THEN 'pending' ELSE 'delivered' END, 1,
         now() - interval '1 minute', now() - interval '20 days' + make_interval(secs => n * 17)
  FROM generate_series(1, 100000) n;

  INSERT INTO webhook_attempts (delivery_id, attempt, at, duration_ms, status)
  SELECT id, 1, created_at, 20, 204 FROM webhook_deliveries;

  RESET session_replication_role;
  ANALYZE sessions, session_tokens, audit_entries, idempotency_keys, webhook_deliveries, webhook_attempts`;

/**
 * What begins to live at a kick-off: 20,000 sessions, half of them pending and half of them ready. Of each half, 2,000 are
 * past their deadline or expiry, and as many pending ones have lost their job, and as many ready ones expire soon. Each
 * ready one has two seats, one of them lapsed.
 */
export const FILL_LIVE_SESSIONS = `
  WITH made AS (
    INSERT INTO sessions (id, room, generation, status, products, created_by, created_at, ready_at, expires_at, deadline_at, due_at)
    SELECT 'ses_live' || lpad(n::text, 18, '0'), 'live ' || n, 1, CASE WHEN n % 2 = 0 THEN 'ready' ELSE 'pending' END,
           '{stream}', 'key:backend', now() - make_interval(secs => n / 10.0), now() - interval '2 hours', t.ends, t.ends,
           now() + CASE WHEN n <= 8000 THEN -interval '1 second' ELSE interval '1 hour' END
    FROM generate_series(1, 20000) n,
         LATERAL (SELECT now() + CASE WHEN n <= 4000 THEN -interval '1 second' WHEN n <= 8000 THEN interval '5 minutes'
                                     ELSE interval '1 hour' END AS ends) t
    RETURNING id, status, expires_at
  ), seated AS (
    INSERT INTO seats (id, session_id, name, folded_name, role, taken_by, lease_until)
    SELECT 'seat_' || m.id || n, m.id, 'n ' || n, 'n ' || n, CASE WHEN n = 1 THEN 'participant' ELSE 'viewer' END,
           'key:backend', now() + CASE WHEN n = 1 THEN interval '1 hour' ELSE -interval '1 second' END
    FROM made m, generate_series(1, 2) n WHERE m.status = 'ready')
  INSERT INTO session_tokens (session_id, product, sealed, key_id, expires_at)
  SELECT id, 'stream', 'sealed' || id, 'k1', expires_at FROM made WHERE status = 'ready'`;

/** The chat tokens of an evening: 40,000, newer than every session, a quarter of each status. User 7 has an expired one. */
export const FILL_CHAT_TOKENS = `
  INSERT INTO sessions (id, chat_subject, generation, status, products, created_by, created_at, ready_at, expires_at,
                        deadline_at, due_at, ended_at)
  SELECT 'cht_' || lpad(n::text, 22, '0'), 'user ' || n, 1, (ARRAY['ready', 'expired', 'closed', 'expired'])[1 + n % 4],
         '{chat}', 'key:backend', now() + make_interval(secs => n / 1000.0), now(), now() + interval '1 hour', now(), now(),
         CASE WHEN n % 4 <> 0 THEN now() END
  FROM generate_series(1, 40000) n`;
