-- The e-mail is the only link between the domains: a lead without one can never convert.
{{ config(tags=['extended']) }}

select lead_id, email
from {{ ref('stg_marketing__leads') }}
where not regexp_like(email, '^[^@\s]+@[^@\s]+\.[^@\s]+$')
