-- curated: one row per thing that people ask about, as Iceberg tables (Parquet files with a history): replaced in one step,
-- and answered by the catalog hive as well.
CREATE SCHEMA IF NOT EXISTS lake.curated WITH (location = 's3://datalake/curated/');

CREATE OR REPLACE TABLE lake.curated.customer_360 WITH (location = 's3://datalake/curated/customer_360', format = 'PARQUET') AS
WITH bought AS (
    SELECT customer_id, count(*) AS order_count, sum(total_amount) AS lifetime_value, max(order_date) AS last_order_date
    FROM hive.processed.orders GROUP BY customer_id
), met AS (
    SELECT email, min(created_at) AS first_contact, min_by(source, created_at) AS lead_source, min_by(campaign_name, created_at) AS campaign_name
    FROM hive.processed.leads GROUP BY email
)
SELECT customer_id, customer_name, email, country, industry, region, created_at AS customer_since,
       coalesce(order_count, 0) AS order_count, coalesce(lifetime_value, 0) AS lifetime_value, last_order_date,
       first_contact, lead_source, campaign_name, date_diff('day', first_contact, created_at) AS days_to_convert
FROM hive.processed.customers LEFT JOIN bought USING (customer_id) LEFT JOIN met USING (email);

-- A customer counts for the campaign of the first contact, so revenue is never counted twice.
CREATE OR REPLACE TABLE lake.curated.campaign_analytics WITH (location = 's3://datalake/curated/campaign_analytics', format = 'PARQUET') AS
WITH reached AS (
    SELECT campaign_id, count(*) AS leads FROM hive.processed.leads GROUP BY campaign_id
), won AS (
    SELECT campaign_name, count(*) AS customers, sum(lifetime_value) AS revenue, avg(CAST(days_to_convert AS double)) AS avg_days_to_convert
    FROM lake.curated.customer_360 WHERE campaign_name IS NOT NULL GROUP BY campaign_name
)
SELECT campaign_id, campaign_name, ad_spend, coalesce(leads, 0) AS leads, coalesce(customers, 0) AS customers,
       coalesce(revenue, 0) AS revenue, avg_days_to_convert, CAST(coalesce(revenue, 0) AS double) / CAST(ad_spend AS double) AS roi
FROM hive.processed.campaigns LEFT JOIN reached USING (campaign_id) LEFT JOIN won USING (campaign_name);
