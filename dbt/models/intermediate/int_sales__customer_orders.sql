select
    customer_id,
    count(*) as total_orders,
    sum(total_amount) as lifetime_value,
    max(order_date) as last_order_date
from {{ ref('stg_sales__orders') }}
group by customer_id
