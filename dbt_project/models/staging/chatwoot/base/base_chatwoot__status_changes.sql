{{ config(materialized='table') }}
{# Reporting events tell of resolutions and openings to the second, and only newer versions have them; activity messages
   tell of all changes, in words. So an activity counts unless an event tells the same change at about its time. #}
{% set about_the_same = 60 * 1000000 -%}
with events as (
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

activities as (
    select distinct
        messages.source_system,
        messages.conversation_id,
        texts.change,
        messages.created_at as changed_at
    from {{ ref('base_chatwoot__messages') }} as messages
    inner join {{ source('settings', 'activity_texts') }} as texts
        on
            messages.source_system = texts.source_system
            and {{ is_like('lower(messages.activity)', 'texts.pattern') }}
    -- what happened has happened, also when the message that tells of it was deleted
    where messages.message_type = 'activity' and messages.activity is not null
),

activities_alone as (
    select activities.*
    from activities
    left join events
        on
            activities.source_system = events.source_system
            and activities.conversation_id = events.conversation_id
            and activities.change = events.change
            and abs({{ microseconds_between('events.changed_at', 'activities.changed_at') }}) <= {{ about_the_same }}
    where events.change is null
),

changes as (
    select * from events
    union all
    select * from activities_alone
),

{# A bot's hand-over is no state; of changes at one instant an opening is the last. #}
states as (
    select
        source_system,
        conversation_id,
        change,
        changed_at,
        lag(change) over (
            partition by source_system, conversation_id
            order by
                changed_at,
                case change when 'opened' then 3 when 'resolved' then 2 else 1 end
        ) as change_before
    from changes
    where change <> 'handoff'
),

told as (
    select
        source_system,
        conversation_id,
        changed_at,
        case
            when change = 'resolved' then 'closed'
            when change = 'opened' and change_before = 'resolved' then 'reopened'
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
from told
where event_type is not null
