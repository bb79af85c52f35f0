-- What gateways and workers may do at run time: read and write rows, and nothing else. The role must exist. Run this as
-- the owner of the tables, after each migration; running it again changes nothing.
GRANT USAGE ON SCHEMA public, bullmq TO watchtogether_app;
-- BullMQ creates a sequence for each queue when it first adds a job. Needed only while the queue is in Postgres.
GRANT CREATE ON SCHEMA bullmq TO watchtogether_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public, bullmq TO watchtogether_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public, bullmq TO watchtogether_app;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public, bullmq TO watchtogether_app;
-- Only the migration records migrations. (Entries of the audit trail are kept from changes by a trigger: the right to
-- update them is needed to lock and delete the old ones.)
REVOKE INSERT, UPDATE, DELETE ON migrations FROM watchtogether_app;
