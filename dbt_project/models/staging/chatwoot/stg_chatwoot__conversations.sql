{{ config(materialized='table') }}
with messages as (
    select *
    from {{ ref('base_chatwoot__messages') }}
    where message_type <> 'activity' and not is_private and not is_gone
),

ranked as (
    select
        source_system,
        conversation_id,
        case
            when message_type = 'incoming' then 'INBOUND'
            when is_of_campaign then 'BROADCAST'
            when is_of_automation or message_type = 'template' then 'AUTO_RESPONSE'
            when sender_type = 'user' then 'INBOX'
            when sender_type = 'bot' then 'FLOW'
        end as source_raw,
        row_number() over (
            partition by source_system, conversation_id order by created_at, message_number, message_id
        ) as message_rank
    from messages
),

teams as (
    {{ ranked_versions(source('chatwoot', 'teams'), 'team_id') }}
),

closings as (
    select source_system, conversation_id, max(changed_at) as closed_at
    from {{ ref('base_chatwoot__status_changes') }}
    where event_type = 'closed'
    group by source_system, conversation_id
)

select
    -- ids
    conversations.source_system,
    conversations.conversation_id,
    conversations.contact_id,
    conversations.agent_id,

    -- text
    conversations.channel,
    coalesce(conversations.team, teams.name, conversations.team_id) as team,
    ranked.source_raw,
    lower(ranked.source_raw) as source_word,
    case conversations.status_word
        when 'pending' then 'flow'
        when 'snoozed' then 'in_progress'
        else conversations.status_word
    end as status_word,
    conversations.labels as delivered_tags,

    -- instants
    conversations.created_at as started_at,
    case when conversations.status_word = 'resolved' then closings.closed_at end as closed_at,

    -- versions
    conversations.is_gone as is_deleted,
    conversations.updated_at,
    conversations._batch,
    conversations._file,
    conversations._line
from {{ ref('base_chatwoot__conversations') }} as conversations
left join ranked
    on
        conversations.source_system = ranked.source_system
        and conversations.conversation_id = ranked.conversation_id
        and ranked.message_rank = 1
left join teams
    on
        conversations.source_system = teams.source_system
        and conversations.team_id = teams.team_id
        and teams.version_rank = 1
left join closings
    on
        conversations.source_system = closings.source_system
        and conversations.conversation_id = closings.conversation_id
