-- Revenue of each campaign per unit of money spent on it. Revenue is counted once per person.
WITH revenue AS (
    SELECT l.campaign_id, sum(s.revenue) AS revenue
    FROM (SELECT DISTINCT campaign_id, email FROM marketing.public.leads) l
    LEFT JOIN sales.public.customers s ON l.email = s.email
    GROUP BY l.campaign_id
)
SELECT
    c.campaign_name,
    c.ad_spend,
    coalesce(r.revenue, 0) AS revenue,
    round(CAST(coalesce(r.revenue, 0) AS double) / CAST(c.ad_spend AS double), 2) AS roi
FROM marketing.public.campaigns c
JOIN revenue r ON c.campaign_id = r.campaign_id
ORDER BY roi DESC, campaign_name
