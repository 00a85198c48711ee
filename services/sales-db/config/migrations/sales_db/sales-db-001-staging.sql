-- In sales_db: where dbt puts staging as real views when it is asked to (dbt run --target pg).
CREATE SCHEMA IF NOT EXISTS staging AUTHORIZATION trino_rw;
