with first_waits as (
    select conversation_no, min(earlier_human_replies) as earlier_human_replies
    from {{ ref('int_replies') }}
    group by conversation_no
),

first_responses as (
    select
        replies.conversation_no,
        replies.waiting_since as first_inbound_at,
        replies.replied_at as first_response_at,
        replies.agent_id as first_responder_id
    from {{ ref('int_replies') }} as replies
    inner join first_waits
        on
            replies.conversation_no = first_waits.conversation_no
            and replies.earlier_human_replies = first_waits.earlier_human_replies
),

hand_overs as (
    select first_responses.conversation_no, max(events.occurred_at) as handed_over_at
    from first_responses
    inner join {{ ref('int_events') }} as events
        on
            first_responses.conversation_no = events.conversation_no
            and first_responses.first_response_at >= events.occurred_at
    where events.fate = 'used' and events.event_type in ('handoff', 'reopened')
    group by first_responses.conversation_no
)

select
    first_responses.conversation_no,
    first_responses.first_responder_id,
    first_responses.first_response_at,
    case
        when hand_overs.handed_over_at > first_responses.first_inbound_at then hand_overs.handed_over_at
        else first_responses.first_inbound_at
    end as waiting_since
from first_responses
left join hand_overs on first_responses.conversation_no = hand_overs.conversation_no
