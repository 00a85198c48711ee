-- An address that became a lead twice in one campaign is still one customer of it.
select distinct
    leads.campaign_id,
    customers.customer_id
from {{ ref('stg_marketing__leads') }} as leads
join {{ ref('stg_sales__customers') }} as customers on customers.email = leads.email
