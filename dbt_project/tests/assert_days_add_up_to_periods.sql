-- Detects weeks, months and quarters of the overview that are not the sum of their days or end elsewhere, and days
-- whose week, month or quarter is missing. A returned row is such a period.
{{ config(meta={'dagster': {'ref': {'name': 'overview'}}}) }}
{% set periods = {
    'week': (week_start('days.period_start', 'accounts.week_starts_on'), plus_days('summed.period_start', 7)),
    'month': (month_start('days.period_start'), next_month('summed.period_start')),
    'quarter': (quarter_start('days.period_start'), next_quarter('summed.period_start')),
} %}
with summed as (
    {% for grain, (start, _) in periods.items() -%}
    select
        days.account_id,
        '{{ grain }}' as grain,
        {{ start }} as period_start,
        {% for column in additive_columns() -%}
        coalesce(sum(days.{{ column }}), 0) as {{ column }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('overview') }} as days
    inner join {{ ref('stg_settings__accounts') }} as accounts on days.account_id = accounts.account_id
    where days.grain = 'day'
    group by days.account_id, {{ start }}
    {% if not loop.last %}union all{% endif %}
    {% endfor -%}
),

periods as (
    select * from {{ ref('overview') }} where grain <> 'day'
)

select
    coalesce(summed.account_id, periods.account_id) as account_id,
    coalesce(summed.grain, periods.grain) as grain,
    coalesce(summed.period_start, periods.period_start) as period_start
from summed
full outer join periods
    on
        summed.account_id = periods.account_id
        and summed.grain = periods.grain
        and summed.period_start = periods.period_start
where
    {% for column in additive_columns() -%}
    summed.{{ column }} <> coalesce(periods.{{ column }}, 0)
    or {% endfor -%}
    {% for grain, (_, end) in periods.items() -%}
    (summed.grain = '{{ grain }}' and periods.period_end <> {{ end }})
    or {% endfor -%}
    summed.account_id is null
    or periods.account_id is null
