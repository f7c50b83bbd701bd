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
    {{ is_complete('numbered.period_end', 'reached.data_through') }} as is_complete
from numbered
left join {{ ref('int_data_through') }} as reached on numbered.account_id = reached.account_id
