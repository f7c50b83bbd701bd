{# Days, weeks and months at once: rows that are joined with the calendar are grouped by each of its dates in turn. #}

{# Join the dates of the calendar that a local date belongs to, as `calendar`; in an update the affected ones only. #}
{% macro join_calendar(account, local_date) -%}
inner join {{ ref('int_affected_calendar') }} as calendar
    on {{ account }} = calendar.account_id and {{ local_date }} = calendar.local_date
{%- endmacro %}

{# Group by the keys and the day, the week and the month. (The linter's grammar of DuckDB lacks grouping sets: the lines
   that use it are marked `noqa: PRS`.) #}
{% macro group_by_periods(keys) -%}
group by grouping sets (
    {% for period in ['local_date', 'week_start', 'month_start'] -%}
    ({% for key in keys %}{{ key }}, {% endfor %}calendar.{{ period }}){% if not loop.last %},{% endif %}
    {% endfor %}
)
{%- endmacro %}

{# Which of them a group is: `grain` and `period_start`. #}
{% macro period_columns() -%}
    case
        when grouping(calendar.local_date) = 0 then 'day'
        when grouping(calendar.week_start) = 0 then 'week'
        else 'month'
    end as grain,
    coalesce(calendar.local_date, calendar.week_start, calendar.month_start) as period_start
{%- endmacro %}
