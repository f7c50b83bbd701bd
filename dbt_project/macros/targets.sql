{# Units of targets, counted: what may be summed, and what is published of it. #}
{% macro target_aggregates() -%}
    cast(sum(met) as bigint) as met,
    cast(sum(missed) as bigint) as missed,
    cast(sum(pending) as bigint) as pending
{%- endmacro %}

{% macro target_columns(counted) -%}
    {{ counted }}.met + {{ counted }}.missed + {{ counted }}.pending as units,
    {{ counted }}.met,
    {{ counted }}.missed,
    {{ counted }}.pending,
    100.0 * cast({{ counted }}.met as double) / nullif({{ counted }}.met + {{ counted }}.missed, 0) as met_percent
{%- endmacro %}
