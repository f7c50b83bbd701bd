{{ config(materialized='incremental', incremental_strategy='replace_known', unique_key=['source_no', 'rating_id']) }}
-- depends_on: {{ ref('int_affected_conversations') }}
with {{ latest_versions('ratings') }}

select
    conversations.conversation_no,
    latest_versions.source_no,
    latest_versions.rating_id,
    case when conversations.conversation_no is null then latest_versions.conversation_id end as orphan_of,
    latest_versions.rating,
    latest_versions.rating_comment,
    latest_versions.answered_at,
    latest_versions.updated_at
from latest_versions
left join {{ ref('int_conversations') }} as conversations
    on
        latest_versions.source_system = conversations.source_system
        and latest_versions.conversation_id = conversations.conversation_id
{{ adopted_orphans('ratings') }}
