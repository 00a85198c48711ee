{{ config(tags=['seed']) }}

select
    lead_id,
    lower(trim(email)) as email,
    source as lead_source,
    campaign_id,
    first_name,
    cast(created_at as timestamp(6)) as created_at  -- the one precision that the lake knows
from {{ source('marketing', 'leads') }}
