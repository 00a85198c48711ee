-- Makes role :role where it is missing, and gives it the password that stands in file :secret.
\set password `cat :'secret'`
SELECT pg_catalog.format('CREATE ROLE %I LOGIN', :'role') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
-- An empty password would be none at all, and no login.
SELECT pg_catalog.length(:'password') = 0 AS missing \gset
\if :missing
    SELECT pg_catalog.format('DO %L', pg_catalog.format('BEGIN RAISE EXCEPTION %L; END', :'secret' || ' is missing or empty')) \gexec
\endif
ALTER ROLE :"role" NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
