{{ latest_versions(ref('stg_export__messages'), 'message_id') }},

with_conversation as (
    select
        conversations.conversation_no,
        case
            when latest_versions.is_deleted then 'deleted'
            when conversations.conversation_no is not null then 'used'
            when deleted_conversations.conversation_id is not null then 'deleted'
            else 'orphan'
        end as fate,
        conversations.account_id,
        latest_versions.source_system,
        latest_versions.message_id,
        latest_versions.sent_at,
        latest_versions.direction = 'inbound' as is_inbound,
        latest_versions.direction = 'outbound'
        and latest_versions.sender_type = 'agent'
        and coalesce(latest_versions.origin, 'inbox') = 'inbox' as is_from_human,
        latest_versions.direction = 'outbound' and latest_versions.sender_type is null as is_unattributed,
        case when latest_versions.sender_type = 'agent' then latest_versions.agent_id end as agent_id,
        not latest_versions.is_private
        and coalesce(latest_versions.message_type, '') not in ('reaction', 'activity', 'system') as is_content,
        latest_versions.direction = 'outbound' and coalesce(latest_versions.status_word, '') = 'failed' as is_failed
    from latest_versions
    left join {{ ref('int_conversations') }} as conversations
        on
            latest_versions.source_system = conversations.source_system
            and latest_versions.conversation_id = conversations.conversation_id
    left join (
        select source_system, conversation_id from {{ ref('int_conversations_latest') }} where is_deleted
    ) as deleted_conversations
        on
            latest_versions.source_system = deleted_conversations.source_system
            and latest_versions.conversation_id = deleted_conversations.conversation_id
)

select
    with_conversation.conversation_no,
    with_conversation.fate,
    with_conversation.source_system,
    with_conversation.message_id,
    with_conversation.sent_at,
    case
        when with_conversation.fate = 'used' then {{ local_date('clock', 'with_conversation.sent_at') }}
    end as sent_date,
    with_conversation.agent_id,
    with_conversation.is_inbound,
    with_conversation.is_content and not with_conversation.is_failed as is_message,
    with_conversation.is_content and with_conversation.is_failed as is_failed_message,
    coalesce(
        with_conversation.is_content and not with_conversation.is_failed and with_conversation.is_from_human, false
    ) as is_human_reply,
    with_conversation.is_content and not with_conversation.is_failed and with_conversation.is_unattributed
        as is_unattributed_message
from with_conversation
{{
    join_clock('clock', 'with_conversation.account_id', 'with_conversation.sent_at')
    | replace('inner join', 'left join')
}}
