{# There are far fewer different pairs than conversations, and names are slow to trim. #}
with delivered as (
    select distinct team_channel_key, team, channel
    from {{ ref('int_conversations') }}
)

select
    team_channel_key,
    {{ named_or_none('team', 'team') }} as team,
    {{ named_or_none('channel', 'channel') }} as channel
from delivered
