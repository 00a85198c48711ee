-- The ten best customers and the source of their lead.
SELECT
    c.customer_name,
    count(o.order_id) AS orders,
    sum(o.total_amount) AS revenue,
    l.source AS lead_source
FROM sales.public.customers c
JOIN sales.public.orders o ON c.customer_id = o.customer_id
LEFT JOIN marketing.public.leads l ON c.email = l.email
GROUP BY c.customer_name, l.source
ORDER BY revenue DESC
LIMIT 10
