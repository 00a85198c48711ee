{{ config(tags=['extended']) }}

select order_id, total_amount
from {{ ref('stg_sales__orders') }}
where total_amount < 0
