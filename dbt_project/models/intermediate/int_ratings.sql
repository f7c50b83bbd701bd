{{ latest_versions(ref('stg_export__ratings'), 'rating_id') }}

select
    conversations.conversation_no,
    case
        when conversations.conversation_no is not null then 'used'
        when deleted_conversations.conversation_id is not null then 'deleted'
        else 'orphan'
    end as fate,
    latest_versions.source_system,
    latest_versions.rating_id,
    latest_versions.rating,
    latest_versions.rating_comment,
    latest_versions.answered_at
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
