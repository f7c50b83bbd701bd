{# There are far fewer different combinations than conversations. The names of teams and channels are as they came. #}
with combinations as (
    select distinct
        facts.account_id,
        facts.source_system,
        facts.source,
        conversations.status,
        conversations.team,
        conversations.channel,
        facts.is_answered,
        facts.rating is not null as is_rated,
        facts.started_in_working_hours
    from {{ ref('int_conversation_facts') }} as facts
    inner join {{ ref('int_conversations') }} as conversations
        on facts.conversation_key = conversations.conversation_key
)

select
    row_number() over (
        order by
            source_system, source, status, team, channel, is_answered, is_rated, started_in_working_hours
    ) as traits_no,
    account_id,
    source_system,
    source,
    status,
    team,
    channel,
    is_answered,
    is_rated,
    started_in_working_hours
from combinations
