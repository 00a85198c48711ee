-- The analytics database of the sales team: staging and marts belong to Trino, dashboards read the marts.
REVOKE ALL ON DATABASE sales_analytics FROM PUBLIC;
GRANT CONNECT ON DATABASE sales_analytics TO trino_rw, grafana_ro;
CREATE SCHEMA IF NOT EXISTS staging AUTHORIZATION trino_rw;
CREATE SCHEMA IF NOT EXISTS marts AUTHORIZATION trino_rw;
GRANT USAGE ON SCHEMA marts TO grafana_ro;
ALTER DEFAULT PRIVILEGES FOR ROLE trino_rw IN SCHEMA marts GRANT SELECT ON TABLES TO grafana_ro;
