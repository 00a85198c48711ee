{{ config(tags=['seed']) }}

select
    order_id,
    customer_id,
    cast(order_date as date) as order_date,
    total_amount
from {{ source('sales', 'orders') }}
