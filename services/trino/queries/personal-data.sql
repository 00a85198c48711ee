-- What is kept of the first customer. Who asks decides how much of it is shown.
-- dm demo asks as: admin, alex
SELECT email, ssn, phone FROM sales.public.customer_pii WHERE customer_id = 1
