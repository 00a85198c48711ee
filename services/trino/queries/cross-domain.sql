-- Orders and revenue of each customer, and the campaign that the customer came from.
SELECT
    s.customer_name,
    count(o.order_id) AS total_orders,
    sum(o.total_amount) AS revenue,
    m.campaign_name
FROM sales.public.customers s
JOIN sales.public.orders o ON s.customer_id = o.customer_id
LEFT JOIN marketing.public.leads l ON s.email = l.email
LEFT JOIN marketing.public.campaigns m ON l.campaign_id = m.campaign_id
GROUP BY s.customer_name, m.campaign_name
ORDER BY revenue DESC
