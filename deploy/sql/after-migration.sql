-- Once, after the first migration, as the owner of the tables. Running it again changes nothing.

-- Only the migration records migrations.
REVOKE INSERT, UPDATE, DELETE ON migrations FROM watchtogether_app;

-- All that KEDA needs to count the backlog: neither rooms nor callers nor tokens.
GRANT SELECT (status, deadline_at) ON sessions TO watchtogether_scaler;
