{{ config(materialized='incremental', incremental_strategy='replace_affected') }}
{# With what the marts group by, so that none of them joins millions of rows to find it. #}
{% set inbound, failed = message_kind('inbound'), message_kind('failed') %}
with messages as (
    select conversation_key, source_key, agent_key, kind, sent_at
    from {{ ref('int_messages') }}
    where kind <> {{ message_kind('none') }} and {{ is_affected() }}
),

dated as (
    select
        messages.conversation_key,
        messages.kind,
        case when messages.kind <> {{ inbound }} then messages.agent_key end as sender_key,
        {{ local_date('clock', 'messages.sent_at') }} as sent_date,
        {{ local_hour('clock', 'messages.sent_at') }} as sent_hour
    from messages
    inner join {{ ref('stg_settings__sources') }} as sources on messages.source_key = sources.source_key
    {{ join_clock('clock', 'sources.account_id', 'messages.sent_at') }}
),

counted as (
    select
        conversation_key,
        sent_date,
        sent_hour,
        sender_key,
        count(case when kind = {{ inbound }} then 1 end) as messages_inbound,
        count(case when kind not in ({{ inbound }}, {{ failed }}) then 1 end) as messages_outbound,
        count(case when kind = {{ failed }} then 1 end) as messages_failed
    from dated
    group by conversation_key, sent_date, sent_hour, sender_key
)

select
    counted.conversation_key,
    conversations.source_key,
    conversations.tag_set_key,
    conversations.team_channel_key,
    coalesce(counted.sender_key, conversations.agent_key) as agent_key,
    counted.sent_date,
    counted.sent_hour,
    counted.messages_inbound,
    counted.messages_outbound,
    counted.messages_failed
from counted
inner join {{ ref('int_conversations') }} as conversations on counted.conversation_key = conversations.conversation_key
where not conversations.is_deleted
