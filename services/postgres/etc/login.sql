-- Makes role :role where it is missing, and gives it the password that stands in file :secret.
\set password `cat :'secret'`
SELECT format('CREATE ROLE %I LOGIN', :'role') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
-- An empty password would be none at all, and no login.
SELECT length(:'password') = 0 AS missing \gset
\if :missing
    SELECT format('DO %L', format('BEGIN RAISE EXCEPTION %L; END', :'secret' || ' is missing or empty')) \gexec
\endif
ALTER ROLE :"role" NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
