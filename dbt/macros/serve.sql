{# Post-hook of the marts. A mart with `meta: {served: true}` also becomes a table of sales_db.public, where dashboards and
   sessions read it without touching the lake; with `served: [sales, marketing]` of each of these domains, whose API has it then.

   Trino's role makes no table there: the database makes an empty one for it, with the mart's columns, and takes it in when it is full.
   The copy takes the old table's place in one PostgreSQL transaction: a reader sees the old rows or the new ones, and a build that
   fails leaves the old table as it was. services/postgres/etc/domain has the two procedures; nothing is granted here. #}
{% macro serve() -%}
    {%- if execute and target.name == 'dev' and config.get('meta', {}).get('served') -%}
        {%- set name = this.identifier -%}
        {%- set columns = [] -%}
        {%- for column in adapter.get_columns_in_relation(this) -%}
            {#- The other types of the lake have the same name on both sides. -#}
            {%- do columns.append({'name': column.name, 'type': {'double': 'float8'}.get(column.data_type, column.data_type)}) -%}
        {%- endfor -%}
        {%- set said = config.get('meta', {}).get('served') -%}
        {%- for domain in (['sales'] if said is sameas true else said) -%}
            {% do run_query(ask_database(domain, 'make mart', name, tojson(columns))) %}
            {% do run_query("insert into " ~ domain ~ ".public." ~ name ~ "__new select * from " ~ this) %}
            {% do run_query(ask_database(domain, 'swap mart', name)) %}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
