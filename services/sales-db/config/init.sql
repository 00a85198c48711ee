-- Run once, when the volume is empty: a migration is a transaction, and this cannot be part of one.
CREATE DATABASE sales_analytics;
