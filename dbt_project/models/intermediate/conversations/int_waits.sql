{{ config(materialized='incremental', incremental_strategy='replace_affected') }}
{# A wait begins at an inbound message, the first since the human reply before, and ends at the next human reply. So of
   each run of inbound messages, and of each run of human replies, only the first matters. #}
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
        sent_at as waiting_since,
        lead(sent_at) over ({{ in_order }}) as replied_at,
        lead(agent_key) over ({{ in_order }}) as agent_key,
        message_id,
        kind,
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
    -- turns alternate: the first wait is the first one, or the second where a human wrote first
    turn_no <= 2 as is_first,
    turn_no > 1 as has_reply_before,
    case when replied_at is null then message_id end as waiting_message_id
from turns
where kind = {{ message_kind('inbound') }}
