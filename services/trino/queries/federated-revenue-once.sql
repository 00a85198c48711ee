-- As federated-revenue.sql, each person's revenue once per campaign, however many leads there are.
SELECT
    s.customer_name,
    m.campaign_name,
    sum(s.revenue) AS revenue
FROM sales.public.customers s
JOIN (SELECT DISTINCT email, campaign_name FROM marketing.public.leads) m ON s.email = m.email
GROUP BY 1, 2
ORDER BY min(s.customer_id), 2
