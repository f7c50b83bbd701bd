-- Detects conversations and messages that the models use and the details do not hold, or hold more than once.
-- A returned row is a source with such rows.
{{ config(meta={'dagster': {'ref': {'name': 'details'}}}) }}
with held as (
    select source_system, count(*) as conversations, sum(messages + messages_failed) as messages
    from {{ ref('details') }}
    group by source_system
),

used_conversations as (
    select source_system, used as conversations
    from {{ ref('int_row_accounting') }}
    where entity = 'conversations' and used > 0
),

used_messages as (
    select sources.source_system, count(*) as messages
    from {{ ref('int_messages') }} as messages
    inner join {{ ref('stg_settings__sources') }} as sources on messages.source_key = sources.source_key
    inner join {{ ref('int_conversations') }} as conversations
        on messages.conversation_key = conversations.conversation_key
    where messages.kind <> {{ message_kind('none') }} and not conversations.is_deleted
    group by sources.source_system
)

select
    coalesce(held.source_system, used_conversations.source_system) as source_system,
    held.conversations as conversations_held,
    used_conversations.conversations as conversations_used,
    held.messages as messages_held,
    used_messages.messages as messages_used
from held
full outer join used_conversations on held.source_system = used_conversations.source_system
left join used_messages on held.source_system = used_messages.source_system
where
    held.conversations is distinct from used_conversations.conversations
    or held.messages <> coalesce(used_messages.messages, 0)
