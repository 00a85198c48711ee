-- Run once, in sales_db, when the volume is empty.
\set domain sales-db
\ir /etc/postgresql/domain-roles.sql

-- Where dbt puts staging as real views when it is asked to: dbt run --target pg.
CREATE SCHEMA staging AUTHORIZATION trino_rw;

-- The analytics database of the sales team: staging and marts belong to Trino, dashboards read the marts.
CREATE DATABASE sales_analytics;
\connect sales_analytics
REVOKE ALL ON DATABASE sales_analytics FROM PUBLIC;
GRANT CONNECT ON DATABASE sales_analytics TO trino_rw, grafana_ro;
CREATE SCHEMA staging AUTHORIZATION trino_rw;
CREATE SCHEMA marts AUTHORIZATION trino_rw;
GRANT USAGE ON SCHEMA marts TO grafana_ro;
ALTER DEFAULT PRIVILEGES FOR ROLE trino_rw IN SCHEMA marts GRANT SELECT ON TABLES TO grafana_ro;
