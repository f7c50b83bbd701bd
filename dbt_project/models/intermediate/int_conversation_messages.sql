with counted as (
    select
        conversation_no,
        sum(case when is_message then 1 else 0 end) as messages,
        sum(case when is_message and is_inbound then 1 else 0 end) as messages_inbound,
        sum(case when is_message and not is_inbound then 1 else 0 end) as messages_outbound,
        sum(case when is_human_reply then 1 else 0 end) as messages_human,
        sum(case when is_failed_message then 1 else 0 end) as messages_failed,
        min(case when is_message and is_inbound then sent_at end) as first_inbound_at,
        min(case when is_message and not is_inbound then sent_at end) as first_outbound_at,
        max(case when is_message then sent_at end) as last_message_at,
        max(case when is_unattributed_message then 1 else 0 end) = 1 as has_unattributed
    from {{ ref('int_messages') }}
    where fate = 'used'
    group by conversation_no
),

{# Which came first is told by the instant, and by the id where the instants are the same. #}
first_at_once as (
    select
        counted.conversation_no,
        min(case when messages.is_inbound then messages.message_id end)
        < min(case when not messages.is_inbound then messages.message_id end) as is_inbound_first
    from counted
    inner join {{ ref('int_messages') }} as messages
        on
            counted.conversation_no = messages.conversation_no
            and counted.first_inbound_at = messages.sent_at
    where counted.first_inbound_at = counted.first_outbound_at and messages.is_message and messages.fate = 'used'
    group by counted.conversation_no
)

select
    counted.conversation_no,
    cast(counted.messages as bigint) as messages,
    cast(counted.messages_inbound as bigint) as messages_inbound,
    cast(counted.messages_outbound as bigint) as messages_outbound,
    cast(counted.messages_human as bigint) as messages_human,
    cast(counted.messages_failed as bigint) as messages_failed,
    counted.first_inbound_at,
    counted.last_message_at,
    counted.has_unattributed,
    case
        when counted.first_inbound_at is null then false
        when counted.first_outbound_at is null then true
        when counted.first_inbound_at = counted.first_outbound_at then first_at_once.is_inbound_first
        else counted.first_inbound_at < counted.first_outbound_at
    end as is_inbound_first
from counted
left join first_at_once on counted.conversation_no = first_at_once.conversation_no
