{{ config(
    materialized='incremental',
    incremental_strategy='replace',
    incremental_predicates=['conversation_no in (select conversation_no from intermediate.int_affected_conversations)']
) }}
-- depends_on: {{ ref('int_dates_before') }}
{% set inbound, failed = message_kind('inbound'), message_kind('failed') %}
with dated as (
    select
        messages.conversation_no,
        messages.kind,
        case when messages.kind <> {{ inbound }} then messages.agent_no end as agent_no,
        {{ local_date('clock', 'messages.sent_at') }} as sent_date
    from {{ ref('int_messages') }} as messages
    inner join {{ source('settings', 'sources') }} as sources on messages.source_no = sources.source_no
    {{ join_clock('clock', 'sources.account_id', 'messages.sent_at') }}
    where
        messages.kind <> {{ message_kind('none') }}
        and messages.conversation_no is not null
        and {{ is_affected('messages.conversation_no') }}
)

select
    conversation_no,
    sent_date,
    agent_no,
    count(case when kind = {{ inbound }} then 1 end) as messages_inbound,
    count(case when kind not in ({{ inbound }}, {{ failed }}) then 1 end) as messages_outbound,
    count(case when kind = {{ failed }} then 1 end) as messages_failed
from dated
group by conversation_no, sent_date, agent_no
