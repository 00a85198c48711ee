{{ config(tags=['seed']) }}

select
    campaign_id,
    campaign_name,
    ad_spend
from {{ source('marketing', 'campaigns') }}
