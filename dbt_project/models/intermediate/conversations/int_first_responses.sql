{{ config(materialized='incremental', incremental_strategy='replace_affected') }}
with first_responses as (
    select
        conversation_key,
        waiting_since as first_inbound_at,
        replied_at as first_response_at,
        agent_key as first_responder_key
    from {{ ref('int_replies') }}
    where is_first and {{ is_affected() }}
),

hand_overs as (
    select first_responses.conversation_key, max(events.occurred_at) as handed_over_at
    from first_responses
    inner join {{ ref('int_events') }} as events
        on
            first_responses.conversation_key = events.conversation_key
            and first_responses.first_response_at >= events.occurred_at
    where events.event_type in ('handoff', 'reopened')
    group by first_responses.conversation_key
)

select
    first_responses.conversation_key,
    first_responses.first_responder_key,
    first_responses.first_response_at,
    case
        when hand_overs.handed_over_at > first_responses.first_inbound_at then hand_overs.handed_over_at
        else first_responses.first_inbound_at
    end as waiting_since
from first_responses
left join hand_overs on first_responses.conversation_key = hand_overs.conversation_key
