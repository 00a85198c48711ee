{# The schema is the layer's own name, not dbt's <target>_<layer>: a mart has one address in every environment. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
