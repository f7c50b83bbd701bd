{# The materialization `table`, for DuckDB, in one statement: DuckDB changes a table for another in one transaction. dbt's
   own makes the new one under another name, gives the old one a third, and drops that in a transaction of its own: eight
   statements and two waits for the disk, which in an update is most of the time of a small model. Contracts are for what
   is `incremental`. #}
{% materialization table, adapter='duckdb' -%}
{%- if config.get('contract').enforced -%}
{{ exceptions.raise_compiler_error('a table with a contract: have it materialized as incremental') }}
{%- endif -%}
{%- set target_relation = this.incorporate(type='table') -%}
{{ run_hooks(pre_hooks) }}
{% call statement('main') -%}
create or replace table {{ target_relation }} as (
{{ sql }}
)
{%- endcall %}
{% do persist_docs(target_relation, model) %}
{{ run_hooks(post_hooks) }}
{% do adapter.commit() %}
{{ return({'relations': [target_relation]}) }}
{%- endmaterialization %}

{# Overrides dbt's own: an update finds the descriptions that the build before it gave its tables, which are the same. #}
{% macro persist_docs(relation, model, for_relation=true, for_columns=true) -%}
{%- if not (is_update() and model.config.materialized == 'incremental') -%}
{{ return(adapter.dispatch('persist_docs', 'dbt')(relation, model, for_relation, for_columns)) }}
{%- endif -%}
{%- endmacro %}

{# Overrides dbt's own, which has DuckDB plan the model's query twice to compare columns with the contract: an update
   begins with a build of the same SQL, whose columns have been compared. #}
{% macro get_assert_columns_equivalent(sql) -%}
{%- if not is_update() -%}
{{ return(adapter.dispatch('get_assert_columns_equivalent', 'dbt')(sql)) }}
{%- endif -%}
{%- endmacro %}
