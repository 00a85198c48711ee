-- Two domains in one statement. Somebody with several leads of one campaign is counted once a lead (set flow): the revenue
-- of a person is then the row's sum divided by the leads; federated-revenue-once.sql does not count twice.
SELECT
    s.customer_name,
    m.campaign_name,
    sum(s.revenue) AS revenue
FROM sales.public.customers s
JOIN marketing.public.leads m ON s.email = m.email
GROUP BY 1, 2
ORDER BY min(s.customer_id), 2
