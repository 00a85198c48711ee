-- A LEFT JOIN that multiplies or an inner join that loses leads shows here. On the alias, so that the journey mart keeps the six
-- tests of its own file.
{{ config(tags=['extended']) }}

select leads.lead_count, journey.row_count
from (select count(*) as lead_count from {{ ref('stg_marketing__leads') }}) as leads
cross join (select count(*) as row_count from {{ ref('mart_lead_to_customer_journey') }}) as journey
where leads.lead_count <> journey.row_count
