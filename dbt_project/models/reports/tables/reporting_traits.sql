{{ config(alias='traits') }}
select
    traits.traits_no,
    accounts.account_no,
    traits.source_system,
    traits.source,
    traits.status,
    {{ named_or_none('traits.team', 'team') }} as team,
    {{ named_or_none('traits.channel', 'channel') }} as channel,
    traits.is_answered,
    traits.is_rated,
    traits.started_in_working_hours
from {{ ref('int_traits') }} as traits
inner join {{ ref('reporting_accounts') }} as accounts on traits.account_id = accounts.account_id
