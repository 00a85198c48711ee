-- What the first stage of federated-revenue.sql reads.
SELECT customer_id, customer_name, email, revenue FROM sales.public.customers
