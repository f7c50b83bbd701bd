with instants as (
    select source_system, min(started_at) as first_at, max(started_at) as last_at
    from {{ ref('stg_export__conversations') }}
    group by source_system
    union all
    select source_system, min(closed_at) as first_at, max(closed_at) as last_at
    from {{ ref('stg_export__conversations') }}
    group by source_system
    union all
    select source_system, min(sent_at) as first_at, max(sent_at) as last_at
    from {{ ref('stg_export__messages') }}
    group by source_system
    union all
    select source_system, min(occurred_at) as first_at, max(occurred_at) as last_at
    from {{ ref('stg_export__events') }}
    group by source_system
)

select
    accounts.account_id,
    accounts.timezone,
    {{ plus_days('cast(min(instants.first_at) as date)', -2) }} as first_utc_date,
    {{ plus_days('cast(max(instants.last_at) as date)', 2) }} as last_utc_date
from instants
inner join {{ source('settings', 'sources') }} as sources
    on instants.source_system = sources.source_system
inner join {{ source('settings', 'accounts') }} as accounts
    on sources.account_id = accounts.account_id
where instants.first_at is not null
group by accounts.account_id, accounts.timezone
