{{ config(materialized='incremental', incremental_strategy='replace_affected') }}
with conversations as (
    select
        conversation_key,
        account_id,
        started_at,
        closed_at,
        status = 'closed' or closed_at is not null as is_closed
    from {{ ref('int_conversations') }}
    where not is_deleted and {{ is_affected() }}
),

events as (
    select conversation_key, event_type = 'closed' as is_closing, occurred_at
    from {{ ref('int_events') }}
    where event_type in ('closed', 'reopened', 'handoff') and {{ is_affected() }}
),

{# At one instant the start comes first, `closed_at` last. A closing before the start counts at the start. #}
changes as (
    select conversation_key, started_at as changed_at, 0 as place, false as is_closing
    from conversations
    union all
    select
        conversations.conversation_key,
        greatest(events.occurred_at, conversations.started_at) as changed_at,
        case when events.is_closing then 1 else 2 end as place,
        events.is_closing
    from events
    inner join conversations on events.conversation_key = conversations.conversation_key
    where events.is_closing or events.occurred_at >= conversations.started_at
    union all
    select conversation_key, greatest(closed_at, started_at) as changed_at, 3 as place, true as is_closing
    from conversations
    where closed_at is not null
),

compared as (
    select
        *,
        lag(is_closing) over (partition by conversation_key order by changed_at, place) as is_closing_before
    from changes
),

{# Openings and closings alternate, from the start on: what closes the closed or opens the open changes nothing. #}
alternating as (
    select
        conversation_key,
        changed_at as opened_at,
        place = 0 as is_first,
        is_closing,
        lag(changed_at) over (partition by conversation_key order by changed_at, place) as closed_before_at,
        lead(changed_at) over (partition by conversation_key order by changed_at, place) as closed_at,
        lead(changed_at, 2) over (partition by conversation_key order by changed_at, place) as reopened_at
    from compared
    where is_closing_before is null or is_closing_before <> is_closing
),

{# The current status has the last word on the last stretch. #}
stretches as (
    select
        conversations.conversation_key,
        conversations.account_id,
        alternating.closed_before_at,
        alternating.opened_at,
        case
            when conversations.is_closed or alternating.reopened_at is not null then alternating.closed_at
        end as closed_at,
        alternating.is_first,
        conversations.is_closed and alternating.closed_at is null as is_closing_unknown
    from alternating
    inner join conversations on alternating.conversation_key = conversations.conversation_key
    where not alternating.is_closing
)

select
    stretches.conversation_key,
    stretches.closed_before_at,
    stretches.opened_at,
    {{ local_date('opened_clock', 'stretches.opened_at') }} as opened_date,
    stretches.closed_at,
    {{ local_date('closed_clock', 'stretches.closed_at') }} as closed_date,
    stretches.is_first,
    stretches.is_closing_unknown
from stretches
{{ join_clock('opened_clock', 'stretches.account_id', 'stretches.opened_at') }}
{{ join_clock('closed_clock', 'stretches.account_id', 'stretches.closed_at') }}
