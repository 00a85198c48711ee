{{ config(tags=['seed']) }}

select
    lead_id,
    lower(trim(email)) as email,
    source as lead_source,
    campaign_id,
    first_name,
    created_at
from {{ source('marketing', 'leads') }}
