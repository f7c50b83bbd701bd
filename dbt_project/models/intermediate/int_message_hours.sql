{{ config(
    materialized='incremental',
    incremental_strategy='replace',
    incremental_predicates=['conversation_no in (select conversation_no from intermediate.int_affected_conversations)']
) }}
-- depends_on: {{ ref('int_credits_before') }}
{# With what the marts group by, so that none of them joins millions of rows to find it. #}
{% set inbound, failed = message_kind('inbound'), message_kind('failed') %}
with messages as (
    select conversation_no, source_no, agent_no, kind, sent_at
    from {{ affected_messages() }}
    where kind <> {{ message_kind('none') }} and conversation_no is not null
),

dated as (
    select
        messages.conversation_no,
        messages.kind,
        case when messages.kind <> {{ inbound }} then messages.agent_no end as sender_no,
        {{ local_date('clock', 'messages.sent_at') }} as sent_date,
        {{ local_hour('clock', 'messages.sent_at') }} as sent_hour
    from messages
    inner join {{ source('settings', 'sources') }} as sources on messages.source_no = sources.source_no
    {{ join_clock('clock', 'sources.account_id', 'messages.sent_at') }}
),

counted as (
    select
        conversation_no,
        sent_date,
        sent_hour,
        sender_no,
        count(case when kind = {{ inbound }} then 1 end) as messages_inbound,
        count(case when kind not in ({{ inbound }}, {{ failed }}) then 1 end) as messages_outbound,
        count(case when kind = {{ failed }} then 1 end) as messages_failed
    from dated
    group by conversation_no, sent_date, sent_hour, sender_no
)

select
    counted.conversation_no,
    conversations.source_no,
    conversations.tag_set_no,
    coalesce(counted.sender_no, conversations.agent_no) as agent_no,
    counted.sent_date,
    counted.sent_hour,
    counted.messages_inbound,
    counted.messages_outbound,
    counted.messages_failed
from counted
inner join {{ ref('int_conversations') }} as conversations on counted.conversation_no = conversations.conversation_no
where not conversations.is_deleted
