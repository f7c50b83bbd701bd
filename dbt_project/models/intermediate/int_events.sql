{{ config(materialized='incremental', incremental_strategy='replace_known', unique_key=['source_no', 'event_id']) }}
-- depends_on: {{ ref('int_affected_conversations') }}
with {{ latest_versions('events') }}

select
    conversations.conversation_no,
    latest_versions.source_no,
    latest_versions.event_id,
    case when conversations.conversation_no is null then latest_versions.conversation_id end as orphan_of,
    latest_versions.event_type,
    latest_versions.occurred_at
from latest_versions
left join {{ ref('int_conversations') }} as conversations
    on
        latest_versions.source_system = conversations.source_system
        and latest_versions.conversation_id = conversations.conversation_id
{{ adopted_orphans('events') }}
