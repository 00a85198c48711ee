-- Every dollar ordered belongs to exactly one customer's lifetime value.
{{ config(tags=['extended']) }}

select orders.total as ordered, clv.total as attributed
from (select coalesce(sum(total_amount), 0) as total from {{ ref('stg_sales__orders') }}) as orders
cross join (select coalesce(sum(lifetime_value), 0) as total from {{ ref('mart_sales__customer_lifetime_value') }}) as clv
where orders.total <> clv.total
