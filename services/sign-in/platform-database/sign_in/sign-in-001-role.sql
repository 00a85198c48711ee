-- The sign-in service's own database and role; its password is ${ENV:SIGN_IN_DB_PASSWORD}. Dex makes its tables itself.
-- Dex's driver refuses the one SCRAM iteration of the other roles; it keeps its connections, so it does not pay for more.
SET LOCAL scram_iterations = 4096;
\set role sign_in
\set secret /run/secrets/sign-in-db-password
\ir /etc/postgresql/login.sql
REVOKE ALL ON DATABASE sign_in FROM PUBLIC;
GRANT CONNECT ON DATABASE sign_in TO sign_in;
CREATE SCHEMA IF NOT EXISTS dex AUTHORIZATION sign_in;
ALTER ROLE sign_in IN DATABASE sign_in SET search_path = dex;
