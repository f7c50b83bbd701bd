{{ config(alias='replies') }}
with counted as (
    select
        conversation_key,
        agent_key,
        count(*) as replies,
        cast(sum(reply_seconds) as bigint) as reply_seconds_sum
    from {{ ref('int_replies') }}
    group by conversation_key, agent_key
)

select
    conversations.agent_no,
    conversations.tag_set_no,
    conversations.contact_tag_set_no,
    conversations.traits_no,
    conversations.started_date,
    repliers.agent_no as replier_no,
    counted.replies,
    counted.reply_seconds_sum
from counted
inner join {{ ref('reporting_conversations') }} as conversations
    on counted.conversation_key = conversations.conversation_key
inner join {{ ref('int_agent_keys') }} as repliers on counted.agent_key = repliers.agent_key
order by conversations.started_date
