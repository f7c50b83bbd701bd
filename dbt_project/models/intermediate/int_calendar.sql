with activity as (
    select account_id, min(started_date) as first_date, max(started_date) as last_date
    from {{ ref('int_conversation_facts') }}
    group by account_id
    union all
    select facts.account_id, min(days.sent_date) as first_date, max(days.sent_date) as last_date
    from {{ ref('int_message_days') }} as days
    inner join {{ ref('int_conversation_facts') }} as facts on days.conversation_no = facts.conversation_no
    group by facts.account_id
),

bounds as (
    select account_id, min(first_date) as first_date, max(last_date) as last_date
    from activity
    group by account_id
),

local_dates as (
    select account_id, {{ day_series('first_date', 'last_date') }} as local_date
    from bounds
),

{# Of each source the latest extraction; the earliest of these; NULL while a source has delivered nothing. #}
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

week_starts as (
    select
        local_dates.account_id,
        local_dates.local_date,
        {{ plus_days(
            'local_dates.local_date',
            '-mod(' ~ iso_weekday('local_dates.local_date') ~ ' - accounts.week_starts_on + 7, 7)'
        ) }} as week_start
    from local_dates
    inner join {{ source('settings', 'accounts') }} as accounts on local_dates.account_id = accounts.account_id
),

periods as (
    select
        account_id,
        local_date,
        'day' as grain,
        local_date as period_start,
        {{ plus_days('local_date', 1) }} as period_end
    from local_dates
    union all
    select
        account_id,
        local_date,
        'week' as grain,
        week_start as period_start,
        {{ plus_days('week_start', 7) }} as period_end
    from week_starts
    union all
    select
        account_id,
        local_date,
        'month' as grain,
        cast(date_trunc('month', local_date) as date) as period_start,
        {{ next_month('local_date') }} as period_end
    from local_dates
)

select
    periods.account_id,
    periods.local_date,
    periods.grain,
    periods.period_start,
    periods.period_end,
    coalesce(cast(periods.period_end as timestamp) <= local_data_through.data_through, false) as is_complete
from periods
left join local_data_through on periods.account_id = local_data_through.account_id
