{{ config(materialized='incremental', incremental_strategy='replace_affected') }}
{% set inbound, human = message_kind('inbound'), message_kind('human') %}
{% set unattributed = message_kind('unattributed') %}
with open_conversations as (
    select conversation_key, status
    from {{ ref('int_conversations') }}
    where not is_deleted and status <> 'closed' and closed_at is null and {{ is_affected() }}
),

happened as (
    select
        events.conversation_key,
        max(case when events.event_type = 'closed' then events.occurred_at end) as last_closed_at,
        max(case when events.event_type = 'handoff' then events.occurred_at end) as last_handed_over_at
    from {{ ref('int_events') }} as events
    inner join open_conversations on events.conversation_key = open_conversations.conversation_key
    group by events.conversation_key
),

in_order as (
    select
        messages.conversation_key,
        messages.kind,
        messages.sent_at,
        row_number() over (partition by messages.conversation_key order by messages.sent_at, messages.message_id)
            as message_no
    from {{ ref('int_messages') }} as messages
    inner join open_conversations on messages.conversation_key = open_conversations.conversation_key
    where messages.kind in ({{ inbound }}, {{ human }}, {{ unattributed }})
),

last_replies as (
    select conversation_key, max(message_no) as message_no
    from in_order
    where kind = {{ human }}
    group by conversation_key
),

after_the_last_reply as (
    select in_order.*
    from in_order
    left join last_replies on in_order.conversation_key = last_replies.conversation_key
    left join happened on in_order.conversation_key = happened.conversation_key
    where
        in_order.message_no > coalesce(last_replies.message_no, 0)
        and (
            in_order.kind = {{ unattributed }}
            or happened.last_closed_at is null
            or in_order.sent_at >= happened.last_closed_at
        )
),

waits as (
    select
        conversation_key,
        min(case when kind = {{ inbound }} then sent_at end) as waiting_since,
        min(case when kind = {{ inbound }} then message_no end) as first_inbound_no,
        max(case when kind = {{ unattributed }} then message_no end) as last_unattributed_no
    from after_the_last_reply
    group by conversation_key
)

select waits.conversation_key, waits.waiting_since
from waits
inner join open_conversations on waits.conversation_key = open_conversations.conversation_key
left join happened on waits.conversation_key = happened.conversation_key
where
    -- nobody knows who wrote after it: it may have been the answer
    coalesce(waits.last_unattributed_no, 0) < waits.first_inbound_no
    and (
        open_conversations.status <> 'in_flow'
        or coalesce(happened.last_handed_over_at >= waits.waiting_since, false)
    )
