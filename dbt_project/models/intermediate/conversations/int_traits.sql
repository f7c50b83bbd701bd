{# There are far fewer different combinations than conversations. #}
with combinations as (
    select distinct
        facts.account_id,
        facts.source_system,
        facts.source,
        conversations.status,
        facts.team_channel_key,
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
            source_system, source, status, team_channel_key, is_answered, is_rated, started_in_working_hours
    ) as traits_no,
    account_id,
    source_system,
    source,
    status,
    team_channel_key,
    is_answered,
    is_rated,
    started_in_working_hours
from combinations
