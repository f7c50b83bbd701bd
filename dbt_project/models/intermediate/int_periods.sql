with {# Of each source the latest extraction; the earliest of these; NULL while a source has delivered nothing. #}
source_extractions as (
    select
        sources.account_id,
        sources.source_system,
        max(batches.extracted_at) as extracted_at
    from {{ source('settings', 'sources') }} as sources
    left join {{ source('settings', 'batches') }} as batches on sources.source_system = batches.source_system
    group by sources.account_id, sources.source_system
),

data_through as (
    select
        account_id,
        case when count(*) = count(extracted_at) then min({{ utc('extracted_at') }}) end as data_through
    from source_extractions
    group by account_id
),

local_data_through as (
    select
        accounts.account_id,
        {{ local_time('data_through.data_through', 'accounts.timezone') }} as data_through
    from data_through
    inner join {{ source('settings', 'accounts') }} as accounts on data_through.account_id = accounts.account_id
),

periods as (
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
    row_number() over (order by periods.account_id, periods.grain, periods.period_start) as period_no,
    periods.account_id,
    periods.grain,
    periods.period_start,
    periods.period_end,
    coalesce(cast(periods.period_end as timestamp) <= local_data_through.data_through, false) as is_complete
from periods
left join local_data_through on periods.account_id = local_data_through.account_id
