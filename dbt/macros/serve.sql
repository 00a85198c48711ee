{# Post-hook of the marts. A mart with `meta: {served: true}` also becomes a table of sales_db.public, where dashboards and
   sessions read it without touching the lake.

   The copy is built beside the old table and takes its place in one PostgreSQL transaction: a reader sees the old rows or the
   new ones, and a build that fails leaves the old table as it was. #}
{% macro serve() -%}
    {%- if execute and target.name == 'dev' and config.get('meta', {}).get('served') -%}
        {%- set name = this.identifier -%}
        {% do run_query("drop table if exists sales.public." ~ name ~ "__new") %}
        {% do run_query("create table sales.public." ~ name ~ "__new as select * from " ~ this) %}
        {% do run_in_postgres('sales', swap_in_statement(name)) %}
    {%- endif -%}
{%- endmacro %}

{# The database's own default privileges let dashboards and the API read what Trino makes; nothing is granted here. #}
{% macro swap_in_statement(name) -%}
do $swap$
begin
    -- Behind a long-running reader everybody else would queue as well: give up instead, the old table stays.
    set local lock_timeout = '15s';
    drop table if exists public.{{ name }};
    alter table public.{{ name }}__new rename to {{ name }};
    analyze public.{{ name }};
end $swap$
{%- endmacro %}
