{{ config(tags=['seed'], meta={'served': true}) }}

with customer_orders as (

    select
        customers.customer_id,
        coalesce(orders.lifetime_value, 0) as lifetime_value,
        coalesce(orders.total_orders, 0) as total_orders,
        orders.last_order_date,
        date_diff('day', orders.last_order_date, {{ as_of_date(ref('int_sales__customer_orders'), 'last_order_date') }}) as days_since_order
    from {{ ref('stg_sales__customers') }} as customers
    left join {{ ref('int_sales__customer_orders') }} as orders on orders.customer_id = customers.customer_id

)

select
    customer_id,
    lifetime_value,
    cast(total_orders as integer) as total_orders,
    case
        when lifetime_value >= {{ var('high_value_from') }} then 'High Value'
        when lifetime_value >= {{ var('medium_value_from') }} then 'Medium Value'
        else 'Low Value'
    end as customer_segment,
    case
        when days_since_order <= {{ var('active_days') }} then 'Active'
        when days_since_order <= {{ var('at_risk_days') }} then 'At Risk'
        else 'Churned'
    end as customer_status,
    {{ rfm_score('days_since_order asc') }} as recency_score,
    {{ rfm_score('total_orders desc') }} as frequency_score,
    {{ rfm_score('lifetime_value desc') }} as monetary_score
from customer_orders
