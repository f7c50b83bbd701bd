{% set grains = {
    'day': ['local_date', plus_days('local_date', 1)],
    'week': ['week_start', plus_days('week_start', 7)],
    'month': ['month_start', next_month('month_start')],
    'quarter': ['quarter_start', next_quarter('quarter_start')],
} %}
with periods as (
    {% for grain, (first_date, next_date) in grains.items() -%}
    select
        account_id,
        '{{ grain }}' as grain,
        {{ first_date }} as period_start,
        {{ next_date }} as period_end,
        max(is_active) as is_active
    from {{ ref('int_calendar') }}
    group by account_id, {{ first_date }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

numbered as (
    {# what is counted by period is grouped by one number #}
    select row_number() over (order by account_id, grain, period_start) as period_key, *
    from periods
)

select
    numbered.period_key,
    numbered.account_id,
    numbered.grain,
    numbered.period_start,
    numbered.period_end,
    numbered.is_active,
    {{ is_complete('numbered.period_end', 'reached.data_through') }} as is_complete
from numbered
left join {{ ref('int_data_through') }} as reached on numbered.account_id = reached.account_id
