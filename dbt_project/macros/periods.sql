{# Join the numbers of the periods that a local date belongs to, as `periods_of_date`: its day, week and month; in an
   update the affected ones only. #}
{% macro join_periods(account, local_date) -%}
inner join {{ ref('int_affected_calendar') }} as periods_of_date
    on {{ account }} = periods_of_date.account_id and {{ local_date }} = periods_of_date.local_date
{%- endmacro %}
