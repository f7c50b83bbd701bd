{{ config(materialized='incremental', incremental_strategy='replace_affected') }}
{% set inbound, human = message_kind('inbound'), message_kind('human') %}
{% set unattributed = message_kind('unattributed') %}
{# A wait that a closing cuts goes on in the next open stretch, if the customer wrote after that closing or with it. #}
with waits_of_stretches as (
    select
        waits.conversation_key,
        waits.waiting_since as wait_began_at,
        waits.replied_at,
        waits.has_reply_before,
        open_intervals.closed_before_at,
        open_intervals.opened_at,
        open_intervals.closed_at
    from {{ ref('int_waits') }} as waits
    inner join {{ ref('int_open_intervals') }} as open_intervals
        on waits.conversation_key = open_intervals.conversation_key
    where
        not open_intervals.is_closing_unknown
        and (waits.replied_at is null or waits.replied_at > greatest(waits.waiting_since, open_intervals.opened_at))
        and (
            open_intervals.closed_at is null
            or open_intervals.closed_at > greatest(waits.waiting_since, open_intervals.opened_at)
        )
        and {{ is_affected('waits.conversation_key') }}
),

written_after_closings as (
    select cut.conversation_key, cut.wait_began_at, cut.opened_at, min(messages.sent_at) as waiting_since
    from waits_of_stretches as cut
    inner join {{ ref('int_messages') }} as messages
        on
            cut.conversation_key = messages.conversation_key
            and cut.closed_before_at <= messages.sent_at
            and (cut.replied_at is null or cut.replied_at > messages.sent_at)
    where cut.wait_began_at < cut.closed_before_at and messages.kind = {{ inbound }}
    group by cut.conversation_key, cut.wait_began_at, cut.opened_at
),

{# What nobody knows the sender of may have been the reply. Each is known by the wait in which it was sent. #}
exchange as (
    select
        messages.conversation_key,
        messages.message_id,
        messages.kind,
        messages.sent_at,
        count(case when messages.kind = {{ human }} then 1 end)
            over (partition by messages.conversation_key order by messages.sent_at, messages.message_id)
            as replies_before,
        min(case when messages.kind = {{ human }} then messages.sent_at end) over (
            partition by messages.conversation_key
            order by messages.sent_at, messages.message_id
            rows between 1 following and unbounded following
        ) as replied_at
    from {{ ref('int_messages') }} as messages
    inner join {{ ref('int_conversation_messages') }} as counted
        on messages.conversation_key = counted.conversation_key
    where
        counted.has_unattributed
        and messages.kind in ({{ inbound }}, {{ human }}, {{ unattributed }})
        and {{ is_affected('messages.conversation_key') }}
),

after_inbound as (
    select
        conversation_key,
        kind,
        sent_at,
        replied_at,
        min(case when kind = {{ inbound }} then sent_at end)
            over (partition by conversation_key, replies_before order by sent_at, message_id)
            as wait_began_at,
        max(case when kind = {{ inbound }} then sent_at end)
            over (partition by conversation_key, replies_before order by sent_at, message_id)
            as last_inbound_at
    from exchange
),

dated as (
    select
        waits.conversation_key,
        waits.wait_began_at,
        waits.replied_at,
        waits.has_reply_before,
        waits.opened_at,
        coalesce(written.waiting_since, waits.wait_began_at) as waiting_since,
        least(waits.replied_at, waits.closed_at) as until_at
    from waits_of_stretches as waits
    left join written_after_closings as written
        on
            waits.conversation_key = written.conversation_key
            and waits.wait_began_at = written.wait_began_at
            and waits.opened_at = written.opened_at
    where
        waits.closed_before_at is null
        or waits.wait_began_at >= waits.closed_before_at
        or written.waiting_since is not null
),

unknown as (
    select
        dated.conversation_key,
        dated.wait_began_at,
        dated.opened_at,
        min(messages.sent_at) as unknown_from
    from dated
    inner join after_inbound as messages
        on
            dated.conversation_key = messages.conversation_key
            and dated.wait_began_at = messages.wait_began_at
            and dated.replied_at is not distinct from messages.replied_at
            and dated.waiting_since <= messages.last_inbound_at
    where messages.kind = {{ unattributed }}
    group by dated.conversation_key, dated.wait_began_at, dated.opened_at
),

conversations as (
    select
        conversation_key,
        account_id,
        status = 'in_flow' or coalesce(source_word = 'flow', false) as is_of_flow
    from {{ ref('int_conversations') }}
    where {{ is_affected() }}
),

handed_over as (
    select conversation_key, min(occurred_at) as handed_over_at
    from {{ ref('int_events') }}
    where event_type = 'handoff' and {{ is_affected() }}
    group by conversation_key
),

waiting_intervals as (
    select
        dated.conversation_key,
        conversations.account_id,
        dated.waiting_since,
        greatest(
            dated.waiting_since,
            dated.opened_at,
            case when conversations.is_of_flow then handed_over.handed_over_at else dated.opened_at end
        ) as from_at,
        unknown.unknown_from,
        dated.until_at,
        not dated.has_reply_before as is_unanswered
    from dated
    inner join conversations on dated.conversation_key = conversations.conversation_key
    left join handed_over on dated.conversation_key = handed_over.conversation_key
    left join unknown
        on
            dated.conversation_key = unknown.conversation_key
            and dated.wait_began_at = unknown.wait_began_at
            and dated.opened_at = unknown.opened_at
    where not conversations.is_of_flow or handed_over.handed_over_at is not null
)

{# What ends in the hour in which it began is at the end of none. #}
select
    intervals.conversation_key,
    intervals.waiting_since,
    intervals.from_at,
    {{ local_date('from_clock', 'intervals.from_at') }} as from_date,
    intervals.unknown_from,
    intervals.until_at,
    {{ local_date('until_clock', 'intervals.until_at') }} as until_date,
    intervals.is_unanswered
from waiting_intervals as intervals
{{ join_clock('from_clock', 'intervals.account_id', 'intervals.from_at') }}
{{ join_clock('until_clock', 'intervals.account_id', 'intervals.until_at') }}
where
    intervals.until_at is null
    or (
        intervals.from_at < intervals.until_at
        and (
            {{ local_date('from_clock', 'intervals.from_at') }} <> {{ local_date('until_clock', 'intervals.until_at') }}
            or {{ local_hour('from_clock', 'intervals.from_at') }}
            <> {{ local_hour('until_clock', 'intervals.until_at') }}
            or from_clock.utc_offset_seconds <> until_clock.utc_offset_seconds
        )
    )
