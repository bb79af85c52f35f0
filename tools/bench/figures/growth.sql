-- What months of use leave behind, for the figure `growth`: :sessions sessions that have ended within the last 20 days,
-- most of them in rooms with many generations, each with a token that was erased and a create and a read in the audit
-- trail. Triggers and foreign keys are off meanwhile, which takes a superuser.
SET session_replication_role = replica;

INSERT INTO sessions (id, room, generation, status, products, created_by, created_at, ready_at, expires_at,
                      deadline_at, due_at, ended_at)
SELECT 'ses_stored' || lpad(n::text, 16, '0'),
       CASE WHEN n % 10 < 8 THEN 'stored ' || n / 10 % (:sessions / 100 + 1) * 10 + n % 10 END,
       CASE WHEN n % 10 < 8 THEN 1 + n / 10 / (:sessions / 100 + 1) ELSE 1 END,
       CASE WHEN n % 3 = 0 THEN 'closed' ELSE 'expired' END,
       '{stream}', 'key:backend', t.at, t.at, t.at + interval '2 hours', t.at, t.at, t.at + interval '2 hours'
FROM generate_series(0, :sessions - 1) n,
     LATERAL (SELECT now() - interval '20 days' + n * (interval '19 days' / :sessions) AS at) t;

INSERT INTO session_tokens (session_id, product, sealed, key_id, expires_at)
SELECT id, 'stream', NULL, 'k1', expires_at FROM sessions WHERE id LIKE 'ses\_stored%';

INSERT INTO audit_entries (id, at, actor, action, session_id, count)
SELECT gen_random_uuid(), date_trunc('minute', s.created_at),
       CASE WHEN a.action = 'create' THEN 'key:backend' ELSE 'user:https://login.example.com#u' || right(s.id, 3) END,
       a.action, s.id, 1
FROM sessions s, (VALUES ('create'), ('read-tokens')) a (action) WHERE s.id LIKE 'ses\_stored%';

RESET session_replication_role;
VACUUM ANALYZE sessions, session_tokens, audit_entries;
CHECKPOINT;
