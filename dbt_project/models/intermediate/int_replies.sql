{{ config(
    materialized='incremental',
    incremental_strategy='replace',
    incremental_predicates=['conversation_no in (select conversation_no from intermediate.int_affected_conversations)']
) }}
{# A wait ends at a human reply that follows an inbound message; it began at the first of the inbound messages since the
   human reply before. So of each run of inbound messages, and of each run of human replies, only the first matters. #}
{% set in_order = 'partition by conversation_no order by sent_at, message_id' %}
with exchange as (
    select
        conversation_no,
        sent_at,
        message_id,
        agent_no,
        kind,
        lag(kind) over ({{ in_order }}) as kind_before
    from {{ affected_messages() }}
    where
        kind in ({{ message_kind('inbound') }}, {{ message_kind('human') }})
        and conversation_no is not null
),

turns as (
    select
        conversation_no,
        sent_at as replied_at,
        agent_no,
        kind,
        lag(sent_at) over ({{ in_order }}) as waiting_since,
        row_number() over ({{ in_order }}) as turn_no
    from exchange
    where kind_before is null or kind_before <> kind
)

select
    conversation_no,
    waiting_since,
    replied_at,
    agent_no,
    {{ elapsed_seconds('waiting_since', 'replied_at') }} as reply_seconds,
    -- turns alternate: the first reply is the second one, or the third where a human wrote first
    turn_no <= 3 as is_first
from turns
where kind = {{ message_kind('human') }} and waiting_since is not null
