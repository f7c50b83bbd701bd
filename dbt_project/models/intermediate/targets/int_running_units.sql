{# What has no value yet, or never will. The time so far goes to the latest extraction of the source, or to the last
   closing of what is closed; where nobody knows one of its ends, it is not known. #}
with extractions as (
    select source_system, {{ utc('max(extracted_at)') }} as extracted_at
    from {{ ref('stg_settings__batches') }}
    group by source_system
),

open_waits as (
    select conversation_key, waiting_since, waiting_message_id, is_first
    from {{ ref('int_waits') }}
    where replied_at is null
),

units as (
    select
        targeted.conversation_key,
        targeted.target_no,
        targets.measure,
        targets.within_seconds,
        targets.in_working_hours,
        facts.account_id,
        facts.is_closed,
        facts.started_at,
        extractions.extracted_at,
        open_waits.waiting_since,
        open_waits.waiting_message_id
    from {{ ref('int_targeted_conversations') }} as targeted
    inner join {{ ref('int_targets') }} as targets on targeted.target_no = targets.target_no
    inner join {{ ref('int_conversation_facts') }} as facts on targeted.conversation_key = facts.conversation_key
    inner join extractions on facts.source_system = extractions.source_system
    left join open_waits on targeted.conversation_key = open_waits.conversation_key
    where
        (targets.measure = 'resolution' and facts.closed_at is null)
        or (targets.measure = 'reply' and open_waits.conversation_key is not null)
        or (targets.measure = 'first_response' and open_waits.is_first)
),

conversations as (
    select distinct conversation_key, extracted_at, waiting_since, waiting_message_id
    from units
),

{# Of a closed conversation every stretch has an end, but the one of which nobody knows it. #}
closings as (
    select
        conversations.conversation_key,
        case when count(*) = count(intervals.closed_at) then max(intervals.closed_at) end as last_closed_at
    from conversations
    inner join {{ ref('int_open_intervals') }} as intervals
        on conversations.conversation_key = intervals.conversation_key
    group by conversations.conversation_key
),

turns as (
    select conversations.conversation_key, max(events.occurred_at) as last_turn_at
    from conversations
    inner join {{ ref('int_events') }} as events
        on
            conversations.conversation_key = events.conversation_key
            and conversations.extracted_at >= events.occurred_at
    where events.event_type in ('handoff', 'reopened')
    group by conversations.conversation_key
),

{# Nobody knows who wrote these: each may have been the answer. #}
unattributed as (
    select conversations.conversation_key, max(messages.sent_at) as last_unattributed_at
    from conversations
    inner join {{ ref('int_messages') }} as messages
        on conversations.conversation_key = messages.conversation_key
    where
        messages.kind = {{ message_kind('unattributed') }}
        and (
            messages.sent_at > conversations.waiting_since
            or (
                messages.sent_at = conversations.waiting_since
                and messages.message_id > conversations.waiting_message_id
            )
        )
    group by conversations.conversation_key
),

spans as (
    select
        units.*,
        case units.measure
            when 'resolution' then units.started_at
            when 'reply' then units.waiting_since
            else greatest(units.waiting_since, coalesce(turns.last_turn_at, units.waiting_since))
        end as from_at,
        case when units.is_closed then closings.last_closed_at else units.extracted_at end as until_at,
        unattributed.last_unattributed_at
    from units
    left join closings on units.conversation_key = closings.conversation_key
    left join turns on units.conversation_key = turns.conversation_key
    left join unattributed on units.conversation_key = unattributed.conversation_key
)

select
    spans.conversation_key,
    spans.target_no,
    spans.within_seconds,
    spans.is_closed,
    case
        when spans.in_working_hours
            then {{ business_seconds('from_step', 'spans.from_at', 'until_step', 'spans.until_at') | indent(12) }}
        else {{ elapsed_seconds('spans.from_at', 'spans.until_at') }}
    end as seconds_so_far
from spans
{{ join_working_time('from_step', 'spans.account_id', 'case when spans.in_working_hours then spans.from_at end') }}
{{ join_working_time('until_step', 'spans.account_id', 'case when spans.in_working_hours then spans.until_at end') }}
where spans.measure = 'resolution' or coalesce(spans.last_unattributed_at < spans.from_at, true)
