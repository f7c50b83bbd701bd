with activity as (
    select account_id, min(started_date) as first_date, max(started_date) as last_date
    from {{ ref('int_conversation_facts') }}
    group by account_id
    union all
    select sources.account_id, min(hours.sent_date) as first_date, max(hours.sent_date) as last_date
    from {{ ref('int_message_hours') }} as hours
    inner join {{ ref('stg_settings__sources') }} as sources on hours.source_key = sources.source_key
    group by sources.account_id
),

bounds as (
    select account_id, min(first_date) as first_date, max(last_date) as last_date
    from activity
    group by account_id
),

local_dates as (
    select account_id, {{ day_series('first_date', 'last_date') }} as local_date
    from bounds
)

select
    local_dates.account_id,
    local_dates.local_date,
    {{ week_start('local_dates.local_date', 'accounts.week_starts_on') }} as week_start,
    {{ month_start('local_dates.local_date') }} as month_start,
    {{ quarter_start('local_dates.local_date') }} as quarter_start
from local_dates
inner join {{ ref('stg_settings__accounts') }} as accounts on local_dates.account_id = accounts.account_id
