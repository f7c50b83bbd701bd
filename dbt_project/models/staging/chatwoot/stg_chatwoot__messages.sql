select
    -- ids
    source_system,
    message_id,
    conversation_id,
    case
        when message_type = 'outgoing' and sender_type = 'user' and not is_of_campaign and not is_of_automation
            then sender_id
    end as agent_id,

    -- words
    case when message_type = 'incoming' then 'inbound' else 'outbound' end as direction,
    case
        when message_type = 'incoming' then 'contact'
        when is_of_campaign or is_of_automation or message_type in ('template', 'activity') then 'system'
        when sender_type = 'user' then 'agent'
        when sender_type = 'bot' then 'bot'
    end as sender_type,
    case
        when message_type in ('incoming', 'activity') then null
        when is_of_campaign then 'broadcast'
        when is_of_automation or message_type = 'template' then 'auto_response'
        when sender_type = 'user' then 'inbox'
        when sender_type = 'bot' then 'flow'
    end as origin,
    case
        when message_type = 'activity' then 'activity'
        when is_reaction then 'reaction'
        else content_type
    end as message_type,
    status_word,

    -- instants
    created_at as sent_at,

    -- versions
    is_private,
    is_deleted or is_gone as is_deleted,
    cast(null as timestamp) as updated_at,
    _batch,
    _file,
    _line
from {{ ref('base_chatwoot__messages') }}
