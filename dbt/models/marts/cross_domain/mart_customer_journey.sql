{{ config(materialized='table', tags=['seed'], meta={'served': true}) }}

-- Read from the four sources, so that the lineage shows them; staging is tested first, because a bad lead must stop this mart.
-- depends_on: {{ ref('stg_sales__customers') }}
-- depends_on: {{ ref('stg_marketing__leads') }}

with customer_journey as (

    select
        l.email,
        l.source as lead_source,
        c.campaign_name,
        l.created_at as first_contact_date,
        s.customer_id,
        s.customer_name,
        s.created_at as conversion_date,
        cast(date_diff('day', l.created_at, s.created_at) as integer) as days_to_convert
    from {{ source('marketing', 'leads') }} as l
    left join {{ source('marketing', 'campaigns') }} as c on l.campaign_id = c.campaign_id
    left join {{ source('sales', 'customers') }} as s on l.email = s.email

),

revenue_per_customer as (

    select
        customer_id,
        cast(count(*) as integer) as num_orders,
        sum(total_amount) as total_revenue,
        max(order_date) as last_order_date
    from {{ source('sales', 'orders') }}
    group by customer_id

)

select
    cj.*,
    coalesce(r.num_orders, 0) as num_orders,
    coalesce(r.total_revenue, 0) as total_revenue,
    r.last_order_date,
    case
        when cj.customer_id is not null then 'Converted'
        else 'Lead Only'
    end as status
from customer_journey as cj
left join revenue_per_customer as r on cj.customer_id = r.customer_id
