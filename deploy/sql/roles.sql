-- The roles of the service, once, as an administrator, in its database. Running it again changes nothing.
--
--   psql --set=ON_ERROR_STOP=1 --file=deploy/sql/roles.sql 'postgres://admin@db.example.com/watchtogether'
--
-- They have no passwords yet, so they cannot log in. psql sets one without showing it to anyone: \password watchtogether_app

-- Owns the tables: the migration.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'watchtogether') THEN
    CREATE ROLE watchtogether LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;
  END IF;
END $$;
-- Reads and writes rows: gateways and workers.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'watchtogether_app') THEN
    CREATE ROLE watchtogether_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;
  END IF;
END $$;
-- Counts pending sessions: KEDA. Without KEDA leave it without a password.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'watchtogether_scaler') THEN
    CREATE ROLE watchtogether_scaler LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 4;
    ALTER ROLE watchtogether_scaler SET default_transaction_read_only = on;
    ALTER ROLE watchtogether_scaler SET statement_timeout = '5s';
  END IF;
END $$;

-- An administrator who is no superuser, as with managed databases, must be a member of the owner for what follows.
GRANT watchtogether TO CURRENT_USER;

DO $$ BEGIN
  EXECUTE format('GRANT CONNECT, CREATE ON DATABASE %I TO watchtogether', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO watchtogether_app, watchtogether_scaler', current_database());
END $$;
GRANT USAGE, CREATE ON SCHEMA public TO watchtogether;
CREATE SCHEMA IF NOT EXISTS bullmq AUTHORIZATION watchtogether;
GRANT USAGE ON SCHEMA public, bullmq TO watchtogether_app;
GRANT USAGE ON SCHEMA public TO watchtogether_scaler;
-- BullMQ creates a sequence for each queue when it first adds a job. Needed only while the queue is in Postgres.
GRANT CREATE ON SCHEMA bullmq TO watchtogether_app;

-- What a migration creates from now on, in any release, gateways and workers may use: docker/grants.sql is not needed.
ALTER DEFAULT PRIVILEGES FOR ROLE watchtogether IN SCHEMA public, bullmq
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO watchtogether_app;
ALTER DEFAULT PRIVILEGES FOR ROLE watchtogether IN SCHEMA public, bullmq
  GRANT USAGE, SELECT ON SEQUENCES TO watchtogether_app;
ALTER DEFAULT PRIVILEGES FOR ROLE watchtogether IN SCHEMA public, bullmq
  GRANT EXECUTE ON FUNCTIONS TO watchtogether_app;
