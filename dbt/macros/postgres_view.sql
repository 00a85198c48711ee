{# A view inside PostgreSQL. Trino's JDBC connectors refuse CREATE VIEW, so the database itself gets the statement.
   Only for SQL that both engines understand, over tables of the same database. #}
{% materialization postgres_view, adapter='trino' -%}
    {%- set target_relation = this.incorporate(type='view') -%}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') -%}
        call {{ this.database }}.system.execute(query => '
            create or replace view {{ this.schema }}.{{ this.identifier }} as
            {{ sql | replace("'", "''") }}
        ')
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}
{%- endmaterialization %}
