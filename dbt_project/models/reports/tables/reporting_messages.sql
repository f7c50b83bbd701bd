{{ config(
    alias='messages',
    materialized='incremental',
    incremental_strategy='replace',
    incremental_predicates=['conversation_no in (select conversation_no from intermediate.int_affected_details)']
) }}
-- depends_on: {{ ref('int_affected_details') }}
with hours as (
    select *
    from {{ ref('int_message_hours') }}
    where {{ is_affected('conversation_no', by='int_affected_details') }}
)

select
    hours.conversation_no,
    conversations.agent_no,
    conversations.tag_set_no,
    conversations.contact_tag_set_no,
    conversations.started_in_working_hours,
    hours.sent_date,
    hours.sent_hour,
    hours.agent_no as credited_no,
    hours.messages_inbound,
    hours.messages_outbound,
    hours.messages_failed
from hours
inner join {{ ref('reporting_conversations') }} as conversations
    on hours.conversation_no = conversations.conversation_no
order by hours.sent_date
