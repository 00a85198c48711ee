-- Mode academic reaches here, too: /etc/postgresql/domain/005-academic.sql.
GRANT CONNECT ON DATABASE sales_analytics TO people_academic;
GRANT USAGE ON SCHEMA staging, marts TO people_academic;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA staging, marts TO people_academic;
ALTER DEFAULT PRIVILEGES FOR ROLE trino_rw IN SCHEMA staging, marts GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO people_academic;
