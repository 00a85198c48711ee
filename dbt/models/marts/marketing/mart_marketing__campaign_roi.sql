{{ config(meta={'served': ['sales', 'marketing']}) }}

with leads as (

    select campaign_id, count(distinct email) as leads
    from {{ ref('stg_marketing__leads') }}
    group by campaign_id

),

revenue as (

    select
        campaign_customers.campaign_id,
        count(*) as conversions,
        sum(clv.lifetime_value) as revenue
    from {{ ref('int_marketing__campaign_customers') }} as campaign_customers
    join {{ ref('mart_sales__customer_lifetime_value') }} as clv on clv.customer_id = campaign_customers.customer_id
    group by campaign_customers.campaign_id

)

select
    campaigns.campaign_id,
    campaigns.campaign_name,
    campaigns.ad_spend,
    cast(coalesce(leads.leads, 0) as integer) as leads,
    cast(coalesce(revenue.conversions, 0) as integer) as conversions,
    coalesce(revenue.revenue, 0) as revenue,
    cast(coalesce(revenue.revenue, 0) / nullif(campaigns.ad_spend, 0) as decimal(18, 2)) as roi
from {{ ref('stg_marketing__campaigns') }} as campaigns
left join leads on leads.campaign_id = campaigns.campaign_id
left join revenue on revenue.campaign_id = campaigns.campaign_id
