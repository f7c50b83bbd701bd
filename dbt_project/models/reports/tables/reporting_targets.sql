{{ config(alias='targets') }}
select
    conversations.agent_no,
    conversations.tag_set_no,
    conversations.contact_tag_set_no,
    conversations.traits_no,
    conversations.started_date,
    targets.target,
    {{ target_aggregates() }}
from {{ ref('int_target_outcomes') }} as outcomes
inner join {{ ref('int_targets') }} as targets on outcomes.target_no = targets.target_no
inner join {{ ref('reporting_conversations') }} as conversations
    on outcomes.conversation_key = conversations.conversation_key
group by
    conversations.agent_no,
    conversations.tag_set_no,
    conversations.contact_tag_set_no,
    conversations.traits_no,
    conversations.started_date,
    targets.target
order by conversations.started_date
