{{ config(alias='days') }}
select
    accounts.account_no,
    sources.source_system,
    sources.kind = 'activecampaign' as is_observed,
    days.local_date,
    {{ zoned('days.starts_at') }} as starts_at,
    {{ zoned('days.ends_at') }} as ends_at,
    days.utc_offset_seconds
from {{ ref('int_source_days') }} as days
inner join {{ ref('stg_settings__sources') }} as sources on days.source_key = sources.source_key
inner join {{ ref('reporting_accounts') }} as accounts on days.account_id = accounts.account_id
