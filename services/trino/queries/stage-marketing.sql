-- What the second stage of federated-revenue.sql reads.
SELECT lead_id, email, campaign_name FROM marketing.public.leads
