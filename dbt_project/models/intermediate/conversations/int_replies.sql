{{ config(materialized='incremental', incremental_strategy='replace_affected') }}
{# A wait ends at a human reply that follows an inbound message; it began at the first of the inbound messages since the
   human reply before. So of each run of inbound messages, and of each run of human replies, only the first matters. #}
{% set in_order = 'partition by conversation_key order by sent_at, message_id' %}
with exchange as (
    select
        conversation_key,
        sent_at,
        message_id,
        agent_key,
        kind,
        lag(kind) over ({{ in_order }}) as kind_before
    from {{ ref('int_messages') }}
    where
        kind in ({{ message_kind('inbound') }}, {{ message_kind('human') }})
        and {{ is_affected() }}
),

turns as (
    select
        conversation_key,
        sent_at as replied_at,
        agent_key,
        kind,
        lag(sent_at) over ({{ in_order }}) as waiting_since,
        row_number() over ({{ in_order }}) as turn_no
    from exchange
    where kind_before is null or kind_before <> kind
)

select
    conversation_key,
    waiting_since,
    replied_at,
    agent_key,
    {{ elapsed_seconds('waiting_since', 'replied_at') }} as reply_seconds,
    -- turns alternate: the first reply is the second one, or the third where a human wrote first
    turn_no <= 3 as is_first
from turns
where kind = {{ message_kind('human') }} and waiting_since is not null
