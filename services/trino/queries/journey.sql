-- From lead to revenue, across both domains: which source and campaign brings customers, how fast, and for how much.
WITH customer_journey AS (
    -- Leads from marketing, joined to the customers of sales
    SELECT
        l.email,
        l.source AS lead_source,
        c.campaign_name,
        l.created_at AS first_contact,
        s.customer_id,
        s.customer_name,
        s.created_at AS conversion_date,
        date_diff('day', l.created_at, s.created_at) AS days_to_convert
    FROM marketing.public.leads l
    LEFT JOIN marketing.public.campaigns c ON l.campaign_id = c.campaign_id
    LEFT JOIN sales.public.customers s ON l.email = s.email
),
revenue_per_customer AS (
    SELECT customer_id, count(*) AS num_orders, sum(total_amount) AS total_revenue
    FROM sales.public.orders
    GROUP BY customer_id
)
SELECT
    cj.lead_source,
    cj.campaign_name,
    count(DISTINCT cj.email) AS total_leads,
    count(DISTINCT cj.customer_id) AS converted_customers,
    -- 100e0 and not 100.0: Trino divides decimals to the scale they have, and 36.64 would become 36.6
    round(100e0 * count(DISTINCT cj.customer_id) / count(DISTINCT cj.email), 2) AS conversion_rate,
    round(avg(cj.days_to_convert), 1) AS avg_days_to_convert,
    sum(r.total_revenue) AS total_revenue,
    round(avg(r.total_revenue), 2) AS avg_revenue_per_customer
FROM customer_journey cj
LEFT JOIN revenue_per_customer r ON cj.customer_id = r.customer_id
GROUP BY cj.lead_source, cj.campaign_name
ORDER BY total_revenue DESC
