{{ config(alias='open_intervals') }}
select
    ids.conversation_id,
    conversations.agent_no,
    conversations.tag_set_no,
    conversations.contact_tag_set_no,
    conversations.traits_no,
    {{ zoned('intervals.opened_at') }} as opened_at,
    intervals.opened_date,
    {{ zoned('intervals.closed_at') }} as closed_at,
    intervals.closed_date,
    intervals.is_first,
    intervals.is_closing_unknown,
    {{ zoned('messages.first_message_at') }} as first_message_at
from {{ ref('int_open_intervals') }} as intervals
inner join {{ ref('reporting_conversations') }} as conversations
    on intervals.conversation_key = conversations.conversation_key
inner join {{ ref('int_conversations') }} as ids on intervals.conversation_key = ids.conversation_key
left join {{ ref('int_conversation_messages') }} as messages
    on intervals.conversation_key = messages.conversation_key
order by intervals.opened_date
