{{ config(alias='traits') }}
select
    traits.traits_no,
    accounts.account_no,
    traits.source_system,
    traits.source,
    traits.status,
    names.team,
    names.channel,
    traits.is_answered,
    traits.is_rated,
    traits.started_in_working_hours
from {{ ref('int_traits') }} as traits
inner join {{ ref('reporting_accounts') }} as accounts on traits.account_id = accounts.account_id
inner join {{ ref('int_team_channels') }} as names on traits.team_channel_key = names.team_channel_key
