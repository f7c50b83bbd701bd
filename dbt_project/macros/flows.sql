{# The figures of flows: `by_flow` and `report_by_flow` are made of these. #}

{# What a run of a flow comes to, in the order of the columns. #}
{% macro flow_statuses() -%}
{{ return(['completed', 'expired', 'ongoing', 'cancelled', 'failed', 'other']) }}
{%- endmacro %}

{% macro flow_run_aggregates() -%}
    count(*) as runs,
    count(distinct contact_key) as contacts,
    {% for status in flow_statuses() -%}
    count(case when status = '{{ status }}' then 1 end) as {{ status }},
    {% endfor -%}
    count(distinct conversation_key) as conversations
{%- endmacro %}

{% macro flow_run_columns(relation) -%}
    {% for column in ['runs', 'contacts'] + flow_statuses() -%}
    {{ relation }}.{{ column }},
    {% endfor -%}
    100.0 * cast({{ relation }}.completed as double) / nullif({{ relation }}.runs - {{ relation }}.ongoing, 0)
        as completed_percent,
    {{ relation }}.conversations
{%- endmacro %}
