{# What a message record is to the figures, as a small number: millions of rows carry it. #}
{% macro message_kind(name) -%}
{%- set kinds = {
    'none': 0,
    'inbound': 1,
    'human': 2,
    'automated': 3,
    'unattributed': 4,
    'failed': 5,
} -%}
{{ return(kinds[name]) }}
{%- endmacro %}
