{{ config(materialized='incremental', incremental_strategy='replace_affected') }}
with {{ latest_versions('messages') }}

select
    {{ surrogate_key(['latest_versions.source_system', 'latest_versions.conversation_id']) }} as conversation_key,
    latest_versions.source_key,
    latest_versions.message_id,
    latest_versions.sent_at,
    {{ surrogate_key([
        'latest_versions.source_system',
        "case when latest_versions.sender_type = 'agent' then latest_versions.agent_id end",
    ]) }} as agent_key,
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
