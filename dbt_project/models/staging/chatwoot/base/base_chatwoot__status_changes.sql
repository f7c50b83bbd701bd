{{ config(materialized='table') }}
{# Reporting events say when a conversation was resolved, opened or handed over, and only newer versions have them;
   activity messages say all changes, some of them minutes later. So from an installation's first event of a kind on,
   only events count for that kind. A conversation whose events could not be read has its activities. #}
with all_events as (
    select distinct
        source_system,
        conversation_id,
        case {{ word('name') }}
            when 'conversation_resolved' then 'resolved'
            when 'conversation_opened' then 'opened'
            when 'conversation_bot_handoff' then 'handoff'
        end as change,
        {{ utc('ended_at') }} as changed_at
    from {{ source('chatwoot', 'events') }}
    where
        _reasons is null
        and {{ word('name') }} in ('conversation_resolved', 'conversation_opened', 'conversation_bot_handoff')
),

first_events as (
    select source_system, change, min(changed_at) as first_at
    from all_events
    group by source_system, change
),

without_events as (
    select source_system, conversation_id
    from {{ ref('base_chatwoot__conversations') }}
    where is_without_events
),

events as (
    select all_events.*
    from all_events
    left join without_events
        on
            all_events.source_system = without_events.source_system
            and all_events.conversation_id = without_events.conversation_id
    where without_events.conversation_id is null
),

{# What happened has happened, also when the message that reports it was deleted. #}
activity_messages as (
    select
        source_system,
        conversation_id,
        activity,
        created_at,
        case
            when activity_status = 'open' then 'opened'
            when activity_status in ('resolved', 'pending', 'snoozed') then activity_status
        end as change
    from {{ ref('base_chatwoot__messages') }}
    where message_type = 'activity'
),

activities as (
    select source_system, conversation_id, change, created_at as changed_at
    from activity_messages
    where change is not null
    union distinct
    select messages.source_system, messages.conversation_id, texts.change, messages.created_at as changed_at
    from activity_messages as messages
    inner join {{ source('settings', 'activity_texts') }} as texts
        on
            messages.source_system = texts.source_system
            and texts.change <> 'unassigned'
            and {{ is_like('lower(messages.activity)', 'texts.pattern') }}
    where messages.change is null
),

{# The time of an activity has no fraction of a second; that of an event may have one. #}
activities_that_count as (
    select activities.*
    from activities
    left join first_events
        on activities.source_system = first_events.source_system and activities.change = first_events.change
    left join without_events
        on
            activities.source_system = without_events.source_system
            and activities.conversation_id = without_events.conversation_id
    where
        first_events.first_at is null
        or without_events.conversation_id is not null
        or {{ plus_seconds('activities.changed_at', 1) }} <= first_events.first_at
),

changes as (
    select * from events
    union all
    select * from activities_that_count
),

{# Of changes at one instant an opening is the last, with the hand-over that it may be. #}
placed as (
    select *, case change when 'handoff' then 4 when 'opened' then 3 when 'resolved' then 2 else 1 end as place
    from changes
),

in_order as (
    select
        *,
        lag(change) over (partition by source_system, conversation_id order by changed_at, place) as last_change,
        lead(change) over (partition by source_system, conversation_id order by changed_at, place) as next_change
    from placed
),

{# A bot's hand-over is no state. #}
states as (
    select
        *,
        lag(change) over (partition by source_system, conversation_id order by changed_at, place) as change_before
    from in_order
    where change <> 'handoff'
),

reported as (
    select
        source_system,
        conversation_id,
        changed_at,
        case
            when change = 'resolved' then 'closed'
            when change = 'opened' and change_before = 'resolved' then 'reopened'
            -- next to a hand-over it is the same change: nothing lies between that would have ended either
            when change = 'opened' and 'handoff' in (coalesce(last_change, ''), coalesce(next_change, '')) then null
            -- what was never open before it is opened was pending: a bot had it
            when change = 'opened' and coalesce(change_before, 'pending') = 'pending' then 'handoff'
        end as event_type
    from states
    union all
    select source_system, conversation_id, changed_at, change as event_type
    from changes
    where change = 'handoff'
)

select distinct source_system, conversation_id, changed_at, event_type
from reported
where event_type is not null
