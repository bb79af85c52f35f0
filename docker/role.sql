-- The role of gateways and workers: it may log in, and owns nothing. For psql, with the password in a secret file.
\set password `cat /run/secrets/app_password`
SELECT 'CREATE ROLE watchtogether_app' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'watchtogether_app') \gexec
ALTER ROLE watchtogether_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
