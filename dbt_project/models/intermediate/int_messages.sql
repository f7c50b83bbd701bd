{{ config(materialized='incremental', incremental_strategy='replace_known', unique_key=['source_no', 'message_id']) }}
-- depends_on: {{ ref('int_affected_conversations') }}
with {{ latest_versions('messages') }}

select
    conversations.conversation_no,
    latest_versions.source_no,
    latest_versions.message_id,
    case when conversations.conversation_no is null then latest_versions.conversation_id end as orphan_of,
    latest_versions.sent_at,
    coalesce(agents.agent_no, -latest_versions.source_no) as agent_no,
    cast(
        case
            when
                latest_versions.is_deleted
                or latest_versions.is_private
                or coalesce(latest_versions.message_type, '') in ('reaction', 'activity', 'system')
                then {{ message_kind('none') }}
            when latest_versions.direction = 'inbound' then {{ message_kind('inbound') }}
            when coalesce(latest_versions.status_word, '') = 'failed' then {{ message_kind('failed') }}
            when latest_versions.sender_type is null then {{ message_kind('unattributed') }}
            when latest_versions.sender_type = 'agent' and coalesce(latest_versions.origin, 'inbox') = 'inbox'
                then {{ message_kind('human') }}
            else {{ message_kind('automated') }}
        end as tinyint
    ) as kind,
    latest_versions.is_deleted,
    latest_versions.updated_at
from latest_versions
left join {{ ref('int_conversations') }} as conversations
    on
        latest_versions.source_system = conversations.source_system
        and latest_versions.conversation_id = conversations.conversation_id
left join {{ ref('int_agent_numbers') }} as agents
    on
        latest_versions.source_no = agents.source_no
        and case when latest_versions.sender_type = 'agent' then latest_versions.agent_id end = agents.agent_id
{{ adopted_orphans('messages') }}
