{{ config(tags=['seed']) }}

{%- set years = var('customer_window_years') | int %}
{%- set as_of = "date '" ~ var('as_of_date') ~ "'" if var('as_of_date') else 'current_date' %}

select
    customer_id,
    customer_name,
    lower(trim(email)) as email,
    phone,
    upper(trim(country)) as country,
    industry,
    cast(created_at as timestamp(6)) as created_at,  -- the one precision that the lake knows
    lower(trim(customer_name)) as customer_name_normalised
from {{ source('sales', 'customers') }}
{%- if years > 0 %}
where created_at >= {{ as_of }} - interval '{{ years }}' year
{%- endif %}
