{# Asks the database of a domain for something by a row, which it does and does not keep: services/postgres/etc/domain/006-asked.sql. #}
{% macro ask_database(catalog, what, name, said='') -%}
    insert into {{ catalog }}.datameesh.asked values ('{{ what }}', '{{ name }}', '{{ said | replace("'", "''") }}')
{%- endmacro %}
