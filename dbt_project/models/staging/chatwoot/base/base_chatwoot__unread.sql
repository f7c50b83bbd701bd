{{ config(materialized='table') }}
{# A reading that could not read the messages of a conversation says nothing of it: it is as if it had not been made. #}
with unread as (
    select distinct source_system, conversation_id, entity, _batch
    from {{ source('chatwoot', 'unread') }}
    where _reasons is null
),

complete_readings as (
    select distinct source_system, _batch
    from {{ source('chatwoot', 'pulls') }}
    where _reasons is null and is_complete
),

with_unread_messages as (
    select distinct source_system, conversation_id
    from unread
    where entity = 'messages'
),

read_as_a_whole as (
    select conversations.source_system, conversations.conversation_id, max(complete_readings._batch) as complete_batch
    from with_unread_messages as conversations
    inner join complete_readings on conversations.source_system = complete_readings.source_system
    left join unread
        on
            conversations.source_system = unread.source_system
            and conversations.conversation_id = unread.conversation_id
            and complete_readings._batch = unread._batch
            and unread.entity = 'messages'
    where unread.conversation_id is null
    group by conversations.source_system, conversations.conversation_id
),

conversations as (
    select
        source_system,
        conversation_id,
        max(case when entity = 'messages' then _batch end) as messages_batch,
        max(case when entity = 'events' then _batch end) as events_batch
    from unread
    group by source_system, conversation_id
)

select
    conversations.source_system,
    conversations.conversation_id,
    conversations.events_batch,
    case
        when conversations.messages_batch is not null then coalesce(read_as_a_whole.complete_batch, '')
    end as complete_batch
from conversations
left join read_as_a_whole
    on
        conversations.source_system = read_as_a_whole.source_system
        and conversations.conversation_id = read_as_a_whole.conversation_id
