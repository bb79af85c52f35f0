-- What gateways and workers may do at run time: read and write rows, and nothing else. The role must exist. Run this as
-- the owner of the tables, after each migration; running it again changes nothing.
GRANT USAGE ON SCHEMA public, bullmq TO watchtogether_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public, bullmq TO watchtogether_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public, bullmq TO watchtogether_app;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public, bullmq TO watchtogether_app;
-- Entries of the audit trail are never changed, and only the migration records migrations.
REVOKE UPDATE ON audit_entries FROM watchtogether_app;
REVOKE INSERT, UPDATE, DELETE ON migrations FROM watchtogether_app;
