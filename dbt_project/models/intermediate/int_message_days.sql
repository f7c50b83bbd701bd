select
    conversation_no,
    sent_date,
    case when is_inbound then null else agent_id end as agent_id,
    cast(sum(case when is_message and is_inbound then 1 else 0 end) as bigint) as messages_inbound,
    cast(sum(case when is_message and not is_inbound then 1 else 0 end) as bigint) as messages_outbound,
    cast(sum(case when is_failed_message then 1 else 0 end) as bigint) as messages_failed
from {{ ref('int_messages') }}
where fate = 'used' and (is_message or is_failed_message)
group by conversation_no, sent_date, case when is_inbound then null else agent_id end
