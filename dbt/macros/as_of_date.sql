{# The day from which ages are measured: the variable, or else the newest date in `relation.column`.
   Never the clock: the data sets are of 2024, and a mart built twice from the same rows must be the same. #}
{% macro as_of_date(relation, column) -%}
    {%- if var('as_of_date') -%}
        date '{{ var("as_of_date") }}'
    {%- else -%}
        (select cast(max({{ column }}) as date) from {{ relation }})
    {%- endif -%}
{%- endmacro %}
