{{ config(alias='messages') }}
select
    conversations.agent_no,
    conversations.tag_set_no,
    conversations.contact_tag_set_no,
    conversations.traits_no,
    hours.sent_date,
    hours.sent_hour,
    credited.agent_no as credited_no,
    hours.messages_inbound,
    hours.messages_outbound,
    hours.messages_failed
from {{ ref('int_message_hours') }} as hours
inner join {{ ref('reporting_conversations') }} as conversations
    on hours.conversation_key = conversations.conversation_key
inner join {{ ref('int_agent_keys') }} as credited on hours.agent_key = credited.agent_key
order by hours.sent_date
