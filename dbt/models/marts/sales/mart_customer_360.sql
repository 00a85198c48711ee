{{ config(materialized='table' if target.name == 'analytics' else 'view', tags=['seed', 'cross_domain'], meta={'served': true}) }}

with customer_orders as (

    select
        customer_id,
        count(*) as order_count,
        sum(total_amount) as lifetime_value
    from {{ ref('stg_sales__orders') }}
    group by customer_id

),

customer_leads as (

    select
        lower(trim(email)) as email,
        cast(min(created_at) as timestamp(6)) as first_contact
    from {{ source('marketing', 'leads') }}
    group by lower(trim(email))

)

select
    c.customer_id,
    c.customer_name,
    c.email,
    cast(co.order_count as integer) as order_count,
    co.lifetime_value,
    cl.first_contact,
    cast(date_diff('day', cl.first_contact, c.created_at) as integer) as days_to_convert
from {{ ref('stg_sales__customers') }} as c
left join customer_orders as co on c.customer_id = co.customer_id
left join customer_leads as cl on c.email = cl.email
