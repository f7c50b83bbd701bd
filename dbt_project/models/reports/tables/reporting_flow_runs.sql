{{ config(alias='flow_runs') }}
select
    flows.flow_no,
    runs.started_date,
    runs.status,
    runs.contact_key,

    -- of the conversation, where it is known and not deleted
    conversations.conversation_key,
    conversations.agent_no,
    conversations.tag_set_no,
    conversations.contact_tag_set_no,
    conversations.traits_no
from {{ ref('int_flow_runs') }} as runs
inner join {{ ref('int_flows') }} as flows on runs.flow_key = flows.flow_key
left join {{ ref('reporting_conversations') }} as conversations
    on runs.conversation_key = conversations.conversation_key
where runs.is_counted
order by runs.started_date
