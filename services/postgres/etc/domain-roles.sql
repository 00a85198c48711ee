-- The roles of a domain's database, each with a password of its own. A domain's config/init.sql sets :domain and includes this.
--   admin       owns the tables (the seeding); superuser        ingest      adds rows, reads and changes none
--   trino_rw    Trino: reads and changes rows, has own tables   grafana_ro  reads, in read-only transactions
--   api         the domain's API: reads and adds rows
-- Default privileges, because the tables come later, with the seeding.
\set password `cat /run/secrets/:domain-trino-rw-password`
CREATE ROLE trino_rw LOGIN PASSWORD :'password';
\set password `cat /run/secrets/:domain-ingest-password`
CREATE ROLE ingest LOGIN PASSWORD :'password';
\set password `cat /run/secrets/:domain-api-password`
CREATE ROLE api LOGIN PASSWORD :'password';
\set password `cat /run/secrets/:domain-grafana-ro-password`
CREATE ROLE grafana_ro LOGIN PASSWORD :'password';
ALTER ROLE grafana_ro SET default_transaction_read_only = on;
ALTER ROLE grafana_ro SET statement_timeout = '30s';

ALTER DATABASE :"DBNAME" SET search_path = public;
REVOKE ALL ON DATABASE :"DBNAME", postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE :"DBNAME" TO trino_rw, ingest, api, grafana_ro;
GRANT USAGE ON SCHEMA public TO ingest, api, grafana_ro;
GRANT USAGE, CREATE ON SCHEMA public TO trino_rw;

ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO trino_rw;
ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT ON TABLES TO api;
ALTER DEFAULT PRIVILEGES GRANT INSERT ON TABLES TO ingest;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO grafana_ro;
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO trino_rw, api, ingest;
-- The marts that dbt serves here belong to trino_rw.
ALTER DEFAULT PRIVILEGES FOR ROLE trino_rw GRANT SELECT ON TABLES TO api, grafana_ro;
