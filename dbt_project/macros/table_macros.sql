{# The materialization `table_macro`: the model's query under the model's name and its `parameters`, as a table macro in
   the database of the model, with the description as its comment. A parameter is a name, or a name and what it is when
   it is not given: `grain := 'day'`. In the query a parameter is a name without a relation before it, and the tables are
   those of that database, whatever it is called where the macro is used: they are named without it. #}
{% materialization table_macro, adapter='duckdb' -%}
{%- set target_relation = this.incorporate(type='view') -%}
{{ run_hooks(pre_hooks) }}
{% call statement('main') -%}
use {{ target_relation.database }};
create or replace macro {{ target_relation.include(database=false) }}({{ config.require('parameters') | join(', ') }}) as table (
{{ sql }}
);
comment on macro table {{ target_relation.include(database=false) }}
is '{{ model.description | trim | replace("'", "''") }}';
use {{ target.database }};
{%- endcall %}
{{ run_hooks(post_hooks) }}
{% do adapter.commit() %}
{{ return({'relations': []}) }}
{%- endmaterialization %}
