{{
  config(
    materialized='table' if target.name == 'analytics' else 'incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ forget_other_loads('orders') }}"
  )
}}

-- Only what came after the newest order already here: a daily run costs what the day brought.
select
    order_id,
    customer_id,
    order_date,
    cast(date_trunc('month', order_date) as date) as order_month,
    total_amount,
    (select max(loaded_at) from {{ source('sales_loads', 'loaded_set') }} where table_name = 'orders') as loaded_at
from {{ ref('stg_sales__orders') }}
{%- if is_incremental() %}
where order_id > (select coalesce(max(order_id), 0) from {{ this }})
{%- endif %}
