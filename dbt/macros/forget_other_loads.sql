{# Pre-hook of an incremental model with a column loaded_at. Orders only ever grow within one load of the data set; another load
   replaces them all, so the rows of an earlier one go before new ones come. #}
{% macro forget_other_loads(table_name) -%}
    {%- if is_incremental() -%}
        delete from {{ this }} where loaded_at is distinct from ({{ loaded_at('sales', table_name) }})
    {%- endif -%}
{%- endmacro %}

{# When the rows of a domain's table were last loaded, as the seeding has written it down. #}
{% macro loaded_at(domain, table_name) -%}
    select max(loaded_at) from {{ source(domain ~ '_loads', 'loaded_set') }} where table_name = '{{ table_name }}'
{%- endmacro %}
