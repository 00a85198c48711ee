-- Tables of the shape of the two domains, only so that the training statements plan and run.
CREATE ROLE trino_rw LOGIN SUPERUSER;
CREATE DATABASE metastore;
CREATE DATABASE sales_db;
CREATE DATABASE marketing_db;
\connect sales_db
CREATE TABLE customers (customer_id int PRIMARY KEY, customer_name text NOT NULL, email text NOT NULL UNIQUE, phone text,
    created_at timestamp, country text, revenue numeric(12,2));
CREATE TABLE orders (order_id int PRIMARY KEY, customer_id int REFERENCES customers, order_date timestamp, total_amount numeric(12,2), active boolean);
INSERT INTO customers SELECT i, 'c' || i, 'u' || i || '@example.com', '555-' || i, timestamp '2024-01-20' + i * interval '1 hour', 'FR', i
    FROM generate_series(1, 1379) i;
INSERT INTO orders SELECT i, 1 + i % 1379, timestamp '2024-02-01' + i * interval '1 hour', i, i % 2 = 0 FROM generate_series(1, 3000) i;
ANALYZE;
\connect marketing_db
CREATE TABLE campaigns (campaign_id int PRIMARY KEY, campaign_name text, ad_spend numeric(12,2));
CREATE TABLE leads (lead_id int PRIMARY KEY, email text, source text, lead_source text, campaign_id int REFERENCES campaigns,
    created_at timestamp, first_name text, campaign_name text);
INSERT INTO campaigns SELECT i, 'campaign ' || i, 1000 * i FROM generate_series(1, 8) i;
INSERT INTO leads SELECT i, 'u' || i || '@example.com', 's' || i % 4, 's' || i % 4, 1 + i % 8, timestamp '2024-01-10' + i * interval '1 hour', 'n' || i,
    'campaign ' || 1 + i % 8 FROM generate_series(1, 4580) i;
ANALYZE;
