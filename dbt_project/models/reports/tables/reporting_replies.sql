{{ config(
    alias='replies',
    materialized='incremental',
    incremental_strategy='replace',
    incremental_predicates=['conversation_no in (select conversation_no from intermediate.int_affected_details)']
) }}
-- depends_on: {{ ref('int_affected_details') }}
with counted as (
    select
        conversation_no,
        agent_no,
        count(*) as replies,
        cast(sum(reply_seconds) as bigint) as reply_seconds_sum
    from {{ ref('int_replies') }}
    where {{ is_affected('conversation_no', by='int_affected_details') }}
    group by conversation_no, agent_no
)

select
    counted.conversation_no,
    conversations.agent_no,
    conversations.tag_set_no,
    conversations.contact_tag_set_no,
    conversations.started_in_working_hours,
    conversations.started_date,
    counted.agent_no as replier_no,
    counted.replies,
    counted.reply_seconds_sum
from counted
inner join {{ ref('reporting_conversations') }} as conversations
    on counted.conversation_no = conversations.conversation_no
order by conversations.started_date
