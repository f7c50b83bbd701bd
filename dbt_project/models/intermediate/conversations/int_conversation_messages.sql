{{ config(materialized='incremental', incremental_strategy='replace_affected') }}
{% set outbound = [message_kind('human'), message_kind('automated'), message_kind('unattributed')] %}
{% set is_outbound = 'kind in (' ~ outbound | join(', ') ~ ')' %}
with counted as (
    select
        conversation_key,
        count(case when kind = {{ message_kind('inbound') }} then 1 end) as messages_inbound,
        count(case when {{ is_outbound }} then 1 end) as messages_outbound,
        count(case when kind = {{ message_kind('human') }} then 1 end) as messages_human,
        count(case when kind = {{ message_kind('unattributed') }} then 1 end) as messages_unattributed,
        count(case when kind = {{ message_kind('failed') }} then 1 end) as messages_failed,
        min(case when kind = {{ message_kind('inbound') }} then sent_at end) as first_inbound_at,
        max(case when kind = {{ message_kind('inbound') }} then sent_at end) as last_inbound_at,
        min(case when {{ is_outbound }} then sent_at end) as first_outbound_at,
        min(case when kind <> {{ message_kind('failed') }} then sent_at end) as first_message_at,
        max(case when kind <> {{ message_kind('failed') }} then sent_at end) as last_message_at
    from {{ ref('int_messages') }}
    where kind <> {{ message_kind('none') }} and {{ is_affected() }}
    group by conversation_key
),

{# The instant decides which came first, and the id where instants are equal. #}
first_at_once as (
    select
        counted.conversation_key,
        min(case when messages.kind = {{ message_kind('inbound') }} then messages.message_id end)
        < min(case when messages.kind <> {{ message_kind('inbound') }} then messages.message_id end) as is_inbound_first
    from counted
    inner join {{ ref('int_messages') }} as messages
        on
            counted.conversation_key = messages.conversation_key
            and counted.first_inbound_at = messages.sent_at
    where
        counted.first_inbound_at = counted.first_outbound_at
        and messages.kind not in ({{ message_kind('none') }}, {{ message_kind('failed') }})
    group by counted.conversation_key
)

select
    counted.conversation_key,
    counted.messages_inbound + counted.messages_outbound as messages,
    counted.messages_inbound,
    counted.messages_outbound,
    counted.messages_human,
    counted.messages_failed,
    counted.first_inbound_at,
    counted.last_inbound_at,
    counted.first_message_at,
    counted.last_message_at,
    counted.messages_unattributed > 0 as has_unattributed,
    case
        when counted.first_inbound_at is null then false
        when counted.first_outbound_at is null then true
        when counted.first_inbound_at = counted.first_outbound_at then first_at_once.is_inbound_first
        else counted.first_inbound_at < counted.first_outbound_at
    end as is_inbound_first
from counted
left join first_at_once on counted.conversation_key = first_at_once.conversation_key
