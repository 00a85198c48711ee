-- Every lead with what it brought; without a customer behind it the revenue is NULL.
SELECT
    m.first_name,
    m.lead_source,
    s.customer_name,
    sum(o.total_amount) AS revenue
FROM marketing.public.leads m
LEFT JOIN sales.public.customers s ON m.email = s.email
LEFT JOIN sales.public.orders o ON s.customer_id = o.customer_id
GROUP BY 1, 2, 3
