{# Runs of flows need periods also where nothing else happened: those dates are in the calendar, and not active. #}
with happenings as (
    select account_id, true as is_active, min(started_date) as first_date, max(started_date) as last_date
    from {{ ref('int_conversation_facts') }}
    group by account_id
    union all
    select sources.account_id, true as is_active, min(hours.sent_date) as first_date, max(hours.sent_date) as last_date
    from {{ ref('int_message_hours') }} as hours
    inner join {{ ref('stg_settings__sources') }} as sources on hours.source_key = sources.source_key
    group by sources.account_id
    union all
    select account_id, false as is_active, min(started_date) as first_date, max(started_date) as last_date
    from {{ ref('int_flow_runs') }}
    where is_counted
    group by account_id
),

bounds as (
    select
        account_id,
        min(first_date) as first_date,
        max(last_date) as last_date,
        min(case when is_active then first_date end) as first_active_date,
        max(case when is_active then last_date end) as last_active_date
    from happenings
    group by account_id
),

local_dates as (
    select
        account_id,
        {{ day_series('first_date', 'last_date') }} as local_date,
        first_active_date,
        last_active_date
    from bounds
)

select
    local_dates.account_id,
    local_dates.local_date,
    {{ week_start('local_dates.local_date', 'accounts.week_starts_on') }} as week_start,
    {{ month_start('local_dates.local_date') }} as month_start,
    {{ quarter_start('local_dates.local_date') }} as quarter_start,
    coalesce(local_dates.local_date between local_dates.first_active_date and local_dates.last_active_date, false)
        as is_active
from local_dates
inner join {{ ref('stg_settings__accounts') }} as accounts on local_dates.account_id = accounts.account_id
