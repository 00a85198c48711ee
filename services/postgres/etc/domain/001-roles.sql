-- The roles of a domain's database, each with a password of its own. May run on a volume that an older image made: those
-- have the roles already, and no list of what ran.
--   trino_rw    Trino: reads and changes rows               ingest      adds rows, reads and changes none
--   api         the domain's API: reads and adds rows       grafana_ro  reads, in read-only transactions
\set role trino_rw
\set secret /run/secrets/:domain-trino-rw-password
\ir ../login.sql
\set role ingest
\set secret /run/secrets/:domain-ingest-password
\ir ../login.sql
\set role api
\set secret /run/secrets/:domain-api-password
\ir ../login.sql
\set role grafana_ro
\set secret /run/secrets/:domain-grafana-ro-password
\ir ../login.sql
ALTER ROLE grafana_ro SET default_transaction_read_only = on;
ALTER ROLE grafana_ro SET statement_timeout = '30s';

ALTER DATABASE :"DBNAME" SET search_path = public;
REVOKE ALL ON DATABASE :"DBNAME", postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE :"DBNAME" TO trino_rw, ingest, api, grafana_ro;
GRANT USAGE ON SCHEMA public TO trino_rw, ingest, api, grafana_ro;
