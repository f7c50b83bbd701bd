{{ config(
    alias='conversations',
    materialized='incremental',
    incremental_strategy='replace',
    incremental_predicates=['conversation_no in (select conversation_no from intermediate.int_affected_details)']
) }}
-- depends_on: {{ ref('int_affected_details') }}, {{ ref('int_contacts') }}
with {{ shown_conversations() }}

select
    -- what filters ask
    facts.conversation_no,
    facts.agent_no,
    facts.tag_set_no,
    coalesce(contacts.tag_set_no, 0) as contact_tag_set_no,
    facts.started_in_working_hours,
    facts.started_date,
    conversations.started_hour,

    -- what is counted and summed
    facts.contact_no,
    facts.first_responder_no,
    facts.source,
    facts.is_answered,
    facts.is_closed,
    facts.reopens,
    facts.first_response_seconds,
    facts.first_response_business_seconds,
    facts.replies,
    facts.reply_seconds_sum,
    facts.duration_seconds,
    facts.duration_business_seconds,
    facts.is_surveyed,
    facts.rating,
    facts.is_satisfied
from facts
inner join conversations on facts.conversation_no = conversations.conversation_no
left join contacts on conversations.source_no = contacts.source_no and conversations.contact_id = contacts.contact_id
order by facts.started_date
