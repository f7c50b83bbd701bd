with periods as (
    select
        account_id,
        'day' as grain,
        local_date as period_start,
        {{ plus_days('local_date', 1) }} as period_end
    from {{ ref('int_calendar') }}
    union all
    select distinct
        account_id,
        'week' as grain,
        week_start as period_start,
        {{ plus_days('week_start', 7) }} as period_end
    from {{ ref('int_calendar') }}
    union all
    select distinct
        account_id,
        'month' as grain,
        month_start as period_start,
        {{ next_month('month_start') }} as period_end
    from {{ ref('int_calendar') }}
)

select
    {# what is counted by period is grouped by one number #}
    row_number() over (order by periods.account_id, periods.grain, periods.period_start) as period_key,
    periods.account_id,
    periods.grain,
    periods.period_start,
    periods.period_end,
    {{ is_complete('periods.period_end', 'reached.data_through') }} as is_complete
from periods
left join {{ ref('int_data_through') }} as reached on periods.account_id = reached.account_id
