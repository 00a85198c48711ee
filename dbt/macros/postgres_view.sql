{# A view inside PostgreSQL. Trino's JDBC connectors refuse CREATE VIEW, so the database is asked for one, in schema staging.
   Only for SQL that both engines understand, over tables of the same database. #}
{% materialization postgres_view, adapter='trino' -%}
    {%- set target_relation = this.incorporate(type='view') -%}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') -%}
        {{ ask_database(this.database, 'make view', this.identifier, sql) }}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}
{%- endmaterialization %}
