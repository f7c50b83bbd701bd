{# Each ended wait is one reply. Between two human replies the first inbound message, if any, opens the wait. #}
with exchange as (
    select
        conversation_no,
        sent_at,
        message_id,
        agent_id,
        is_inbound,
        coalesce(
            sum(case when is_human_reply then 1 else 0 end) over (
                partition by conversation_no
                order by sent_at, message_id
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as earlier_human_replies
    from {{ ref('int_messages') }}
    where fate = 'used' and is_message and (is_inbound or is_human_reply)
),

waits as (
    select
        conversation_no,
        earlier_human_replies,
        min(case when is_inbound then sent_at end) as waiting_since,
        max(case when not is_inbound then sent_at end) as replied_at,
        max(case when not is_inbound then agent_id end) as agent_id
    from exchange
    group by conversation_no, earlier_human_replies
)

select
    conversation_no,
    cast(earlier_human_replies as integer) as earlier_human_replies,
    waiting_since,
    replied_at,
    agent_id,
    {{ elapsed_seconds('waiting_since', 'replied_at') }} as reply_seconds
from waits
where waiting_since is not null and replied_at is not null
