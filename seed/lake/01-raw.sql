-- raw: the domains' rows as files, read as they are. A folder holds several files, so one table covers each folder (text
-- columns, by position) and a view per file picks its own file and gives the columns names and types.
CREATE SCHEMA IF NOT EXISTS hive.raw WITH (location = 's3://datalake/raw/');

DROP TABLE IF EXISTS hive.raw.sales_files;
CREATE TABLE hive.raw.sales_files (c1 varchar, c2 varchar, c3 varchar, c4 varchar, c5 varchar, c6 varchar, c7 varchar, c8 varchar, c9 varchar)
WITH (external_location = 's3://datalake/raw/sales/', format = 'CSV', skip_header_line_count = 1);

DROP TABLE IF EXISTS hive.raw.marketing_files;
CREATE TABLE hive.raw.marketing_files (c1 varchar, c2 varchar, c3 varchar, c4 varchar, c5 varchar, c6 varchar, c7 varchar, c8 varchar)
WITH (external_location = 's3://datalake/raw/marketing/', format = 'CSV', skip_header_line_count = 1);

CREATE OR REPLACE VIEW hive.raw.customers SECURITY INVOKER AS
SELECT CAST(c1 AS integer) AS customer_id, c2 AS customer_name, c3 AS email, c4 AS phone, CAST(c5 AS timestamp(3)) AS created_at,
       c6 AS country, c7 AS industry, CAST(c8 AS decimal(14, 2)) AS revenue, c9 AS region
FROM hive.raw.sales_files WHERE "$path" = 's3://datalake/raw/sales/customers.csv';

CREATE OR REPLACE VIEW hive.raw.orders SECURITY INVOKER AS
SELECT CAST(c1 AS integer) AS order_id, CAST(c2 AS integer) AS customer_id, CAST(c3 AS timestamp(3)) AS order_date,
       CAST(c4 AS decimal(12, 2)) AS total_amount, CAST(c5 AS integer) AS product_id, CAST(c6 AS integer) AS quantity,
       c7 AS status, c8 AS region
FROM hive.raw.sales_files WHERE "$path" = 's3://datalake/raw/sales/orders.csv';

CREATE OR REPLACE VIEW hive.raw.leads SECURITY INVOKER AS
SELECT CAST(c1 AS integer) AS lead_id, c2 AS email, c3 AS source, CAST(c4 AS integer) AS campaign_id,
       CAST(c5 AS timestamp(3)) AS created_at, c6 AS lead_source, c7 AS first_name, c8 AS campaign_name
FROM hive.raw.marketing_files WHERE "$path" = 's3://datalake/raw/marketing/leads.csv';

CREATE OR REPLACE VIEW hive.raw.campaigns SECURITY INVOKER AS
SELECT CAST(c1 AS integer) AS campaign_id, c2 AS campaign_name, CAST(c3 AS date) AS start_date, CAST(c4 AS date) AS end_date,
       CAST(c5 AS decimal(12, 2)) AS ad_spend
FROM hive.raw.marketing_files WHERE "$path" = 's3://datalake/raw/marketing/campaigns.csv';
