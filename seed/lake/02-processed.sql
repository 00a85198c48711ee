-- processed: cleaned, typed, as Parquet. Addresses are lower-cased and trimmed. dm seed empties the folders before this runs.
CREATE SCHEMA IF NOT EXISTS hive.processed WITH (location = 's3://datalake/processed/');

DROP TABLE IF EXISTS hive.processed.customers;
CREATE TABLE hive.processed.customers WITH (external_location = 's3://datalake/processed/sales/customers/', format = 'PARQUET') AS
SELECT customer_id, customer_name, lower(trim(email)) AS email, phone, created_at, country, industry, revenue, region
FROM hive.raw.customers;

-- A folder per month of the order: a filter on order_month reads only its folder.
DROP TABLE IF EXISTS hive.processed.orders;
CREATE TABLE hive.processed.orders WITH (external_location = 's3://datalake/processed/sales/orders/', format = 'PARQUET', partitioned_by = ARRAY['order_month']) AS
SELECT order_id, customer_id, order_date, total_amount, product_id, quantity, status, region, date_format(order_date, '%Y-%m') AS order_month
FROM hive.raw.orders;

DROP TABLE IF EXISTS hive.processed.leads;
CREATE TABLE hive.processed.leads WITH (external_location = 's3://datalake/processed/marketing/leads/', format = 'PARQUET') AS
SELECT lead_id, lower(trim(email)) AS email, source, campaign_id, created_at, first_name, campaign_name
FROM hive.raw.leads;

DROP TABLE IF EXISTS hive.processed.campaigns;
CREATE TABLE hive.processed.campaigns WITH (external_location = 's3://datalake/processed/marketing/campaigns/', format = 'PARQUET') AS
SELECT campaign_id, campaign_name, start_date, end_date, ad_spend
FROM hive.raw.campaigns;
