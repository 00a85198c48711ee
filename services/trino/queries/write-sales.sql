-- May who asks write orders? It writes none either way.
-- dm demo asks as: marketing_team
INSERT INTO sales.public.orders SELECT * FROM sales.public.orders WHERE false
