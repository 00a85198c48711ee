-- The same customers in three file formats, each under an external table: what hive.default shows to begin with.
CREATE SCHEMA IF NOT EXISTS hive.default WITH (location = 's3://datalake/warehouse/');

DROP TABLE IF EXISTS hive.default.customers_csv;
CREATE TABLE hive.default.customers_csv (customer_id varchar, customer_name varchar, email varchar, phone varchar, created_at varchar, country varchar, industry varchar, revenue varchar, region varchar)
WITH (external_location = 's3://datalake/raw/formats/csv/', format = 'CSV', skip_header_line_count = 1);

DROP TABLE IF EXISTS hive.default.customers_json;
CREATE TABLE hive.default.customers_json (customer_id integer, customer_name varchar, email varchar, phone varchar, created_at varchar, country varchar, industry varchar, revenue decimal(14, 2), region varchar)
WITH (external_location = 's3://datalake/raw/formats/json/', format = 'JSON');

DROP TABLE IF EXISTS hive.default.customers_parquet;
CREATE TABLE hive.default.customers_parquet (customer_id integer, customer_name varchar, email varchar, phone varchar, created_at timestamp(3), country varchar, industry varchar, revenue decimal(14, 2), region varchar)
WITH (external_location = 's3://datalake/processed/sales/customers/', format = 'PARQUET');
