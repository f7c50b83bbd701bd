{{ config(materialized='view') }}
with first_responses as (
    select
        conversation_no,
        waiting_since as first_inbound_at,
        replied_at as first_response_at,
        agent_no as first_responder_no
    from {{ ref('int_replies') }}
    where is_first and {{ is_affected('conversation_no') }}
),

hand_overs as (
    select first_responses.conversation_no, max(events.occurred_at) as handed_over_at
    from first_responses
    inner join {{ ref('int_events') }} as events
        on
            first_responses.conversation_no = events.conversation_no
            and first_responses.first_response_at >= events.occurred_at
    where events.event_type in ('handoff', 'reopened')
    group by first_responses.conversation_no
)

select
    first_responses.conversation_no,
    first_responses.first_responder_no,
    first_responses.first_response_at,
    case
        when hand_overs.handed_over_at > first_responses.first_inbound_at then hand_overs.handed_over_at
        else first_responses.first_inbound_at
    end as waiting_since
from first_responses
left join hand_overs on first_responses.conversation_no = hand_overs.conversation_no
