-- Asked in passing: what did LinkedIn bring? Of the mart that dbt builds.
SELECT sum(total_revenue) AS linkedin_revenue
FROM sales.public.mart_customer_journey
WHERE lead_source = 'LinkedIn'
