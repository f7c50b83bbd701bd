with activity as (
    select sources.source_key, facts.started_date as active_date
    from {{ ref('int_conversation_facts') }} as facts
    inner join {{ ref('stg_settings__sources') }} as sources on facts.source_system = sources.source_system
    union all
    select source_key, sent_date as active_date
    from {{ ref('int_message_hours') }}
),

first_dates as (
    select source_key, min(active_date) as first_date
    from activity
    group by source_key
),

extractions as (
    select source_system, max({{ utc('extracted_at') }}) as extracted_at
    from {{ ref('stg_settings__batches') }}
    group by source_system
),

sources as (
    select
        sources.source_key,
        sources.account_id,
        accounts.timezone,
        first_dates.first_date,
        {{ plus_days(local_date('offsets', 'extractions.extracted_at'), -1) }} as last_date
    from {{ ref('stg_settings__sources') }} as sources
    inner join {{ ref('stg_settings__accounts') }} as accounts on sources.account_id = accounts.account_id
    inner join first_dates on sources.source_key = first_dates.source_key
    inner join extractions on sources.source_system = extractions.source_system
    inner join {{ ref('stg_settings__zone_offsets') }} as offsets
        on
            accounts.timezone = offsets.timezone
            and extractions.extracted_at >= offsets.from_at
            and extractions.extracted_at < offsets.to_at
),

local_dates as (
    select source_key, account_id, timezone, {{ day_series('first_date', 'last_date') }} as local_date
    from sources
    where first_date <= last_date
),

{# The clock shows a date in one stretch, or in several between which the offset changes. #}
stretches as (
    select
        local_dates.source_key,
        local_dates.account_id,
        local_dates.local_date,
        greatest(
            offsets.from_at,
            {{ plus_seconds('cast(local_dates.local_date as timestamp)', '-offsets.utc_offset_seconds') }}
        ) as starts_at,
        least(
            offsets.to_at,
            {{ plus_seconds(
                'cast(' ~ plus_days('local_dates.local_date', 1) ~ ' as timestamp)', '-offsets.utc_offset_seconds'
            ) }}
        ) as ends_at,
        offsets.utc_offset_seconds
    from local_dates
    inner join {{ ref('stg_settings__zone_offsets') }} as offsets on local_dates.timezone = offsets.timezone
)

select
    source_key,
    account_id,
    local_date,
    starts_at,
    ends_at,
    utc_offset_seconds
from stretches
where starts_at < ends_at
