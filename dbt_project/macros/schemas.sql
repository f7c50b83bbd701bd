{# The schemas of a build on a shared engine begin with a prefix of that build; a build file has its own. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ env_var('CAUSERIE_SCHEMA_PREFIX', '') }}{{ custom_schema_name or target.schema }}
{%- endmacro %}
