-- Detects weeks and months of the overview that are not the sum of their days, and days that no week or month holds.
-- A returned row is such a week or month; without a start, it is the days that none holds.
with days as (
    select * from {{ ref('overview') }} where grain = 'day'
),

periods as (
    select * from {{ ref('overview') }} where grain <> 'day'
),

grains as (
    select 'week' as grain
    union all
    select 'month' as grain
),

summed as (
    select
        days.account_id,
        grains.grain,
        periods.period_start,
        {% for column in additive_columns() -%}
        coalesce(sum(days.{{ column }}), 0) as {{ column }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from days
    cross join grains
    left join periods
        on
            days.account_id = periods.account_id
            and grains.grain = periods.grain
            and days.period_start >= periods.period_start
            and days.period_start < periods.period_end
    group by days.account_id, grains.grain, periods.period_start
)

select
    coalesce(summed.account_id, periods.account_id) as account_id,
    coalesce(summed.grain, periods.grain) as grain,
    periods.period_start
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
    summed.account_id is null
    or periods.account_id is null
