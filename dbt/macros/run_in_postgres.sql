{# Hands one statement to the PostgreSQL server behind a Trino catalog. It is one transaction there. #}
{% macro run_in_postgres(catalog, statement) -%}
    {% do run_query("call " ~ catalog ~ ".system.execute(query => '" ~ statement | replace("'", "''") ~ "')") %}
{%- endmacro %}
