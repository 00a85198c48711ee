{{ config(tags=['seed']) }}

select * from {{ ref('mart_customer_journey') }}
