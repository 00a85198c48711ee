-- One row per campaign, of the mart that dbt builds.
SELECT
    campaign_name,
    count(*) AS total_leads,
    sum(CASE WHEN status = 'Converted' THEN 1 ELSE 0 END) AS conversions,
    round(avg(days_to_convert), 1) AS avg_days,
    sum(total_revenue) AS revenue
FROM sales.public.mart_customer_journey
GROUP BY campaign_name
ORDER BY revenue DESC
