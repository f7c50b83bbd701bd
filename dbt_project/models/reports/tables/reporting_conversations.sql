{{ config(alias='conversations') }}
with contacts as (
    select * from {{ ref('int_contacts') }} where not is_deleted
)

select
    facts.conversation_key,

    -- what filters ask
    agents.agent_no,
    tag_sets.tag_set_no,
    coalesce(contact_tag_sets.tag_set_no, 0) as contact_tag_set_no,
    traits.traits_no,
    facts.started_date,
    conversations.started_hour,

    -- what is counted and summed
    facts.contact_key,
    responders.agent_no as first_responder_no,
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
from {{ ref('int_conversation_facts') }} as facts
inner join {{ ref('int_conversations') }} as conversations on facts.conversation_key = conversations.conversation_key
inner join {{ ref('int_traits') }} as traits
    on
        facts.source_system = traits.source_system
        and facts.source = traits.source
        and conversations.status = traits.status
        and facts.team_channel_key = traits.team_channel_key
        and facts.is_answered is not distinct from traits.is_answered
        and (facts.rating is not null) = traits.is_rated
        and facts.started_in_working_hours is not distinct from traits.started_in_working_hours
inner join {{ ref('int_agent_keys') }} as agents on facts.agent_key = agents.agent_key
inner join {{ ref('int_tag_sets') }} as tag_sets on facts.tag_set_key = tag_sets.tag_set_key
left join {{ ref('int_agent_keys') }} as responders on facts.first_responder_key = responders.agent_key
left join contacts on conversations.source_key = contacts.source_key and conversations.contact_id = contacts.contact_id
left join {{ ref('int_tag_sets') }} as contact_tag_sets on contacts.tag_set_key = contact_tag_sets.tag_set_key
order by facts.started_date
