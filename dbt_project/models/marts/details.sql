with contacts as (
    select * from {{ ref('int_contacts') }} where not is_deleted
),

targets as (
    select
        outcomes.conversation_key,
        {{ sorted_list('case when outcomes.missed > 0 then targets.target end') }} as missed,
        {{ sorted_list(
            'case when outcomes.met > 0 and outcomes.missed + outcomes.pending = 0 then targets.target end'
        ) }} as met
    from {{ ref('int_target_outcomes') }} as outcomes
    inner join {{ ref('int_targets') }} as targets on outcomes.target_no = targets.target_no
    group by outcomes.conversation_key
)

select
    -- ids
    facts.account_id,
    facts.source_system,
    conversations.conversation_id,
    conversations.contact_id,
    facts.source_system || ':' || conversations.contact_id as contact_key,
    replace(sources.conversation_url, '{conversation_id}', {{ url_encoded('conversations.conversation_id') }})
        as source_url,

    -- who and what
    contacts.contact_name,
    contacts.contact_phone,
    conversations.channel,
    conversations.team,
    conversations.status,
    facts.source,
    conversations.source_raw,
    conversations.agent_id,
    agents.agent_name,
    agents.agent_email,
    responders.agent_id as first_responder_id,
    tag_sets.tags as conversation_tags,
    contact_tag_sets.tags as contact_tags,

    -- instants
    {{ zoned('facts.started_at') }} as started_at,
    conversations.started_local,
    facts.started_date,
    cast(conversations.started_hour as integer) as started_hour,
    facts.started_in_working_hours,
    {{ zoned('facts.first_inbound_at') }} as first_inbound_at,
    {{ zoned('facts.last_inbound_at') }} as last_inbound_at,
    {{ zoned('facts.waiting_since') }} as waiting_since,
    {{ zoned('facts.first_response_at') }} as first_response_at,
    {{ zoned('facts.closed_at') }} as closed_at,
    {{ zoned('facts.last_message_at') }} as last_message_at,

    -- counts
    facts.reopens,
    facts.reopens > 0 as reopened,
    facts.messages,
    facts.messages_inbound,
    facts.messages_outbound,
    facts.messages_human,
    facts.messages_failed,
    facts.is_answered,
    facts.is_closed,

    -- seconds
    facts.first_response_seconds,
    facts.first_response_business_seconds,
    facts.replies,
    facts.reply_seconds_sum,
    facts.duration_seconds,
    facts.duration_business_seconds,

    -- ratings
    facts.is_surveyed,
    facts.rating,
    facts.is_satisfied,
    facts.rating_comment,
    {{ zoned('facts.rated_at') }} as rated_at,

    -- targets
    {{ list_or_empty('targets.missed') }} as targets_missed,
    {{ list_or_empty('targets.met') }} as targets_met,

    case when sources.kind = 'activecampaign' then 'observed' else 'exact' end as times_basis
from {{ ref('int_conversation_facts') }} as facts
inner join {{ ref('int_conversations') }} as conversations on facts.conversation_key = conversations.conversation_key
inner join {{ ref('int_tag_sets') }} as tag_sets on facts.tag_set_key = tag_sets.tag_set_key
inner join {{ ref('stg_settings__sources') }} as sources on conversations.source_key = sources.source_key
left join contacts on conversations.source_key = contacts.source_key and conversations.contact_id = contacts.contact_id
left join {{ ref('int_agents') }} as agents
    on conversations.source_key = agents.source_key and conversations.agent_id = agents.agent_id
left join {{ ref('int_agent_keys') }} as responders on facts.first_responder_key = responders.agent_key
left join {{ ref('int_tag_sets') }} as contact_tag_sets on contacts.tag_set_key = contact_tag_sets.tag_set_key
left join targets on facts.conversation_key = targets.conversation_key
