{{ config(alias='waiting_intervals') }}
select
    ids.conversation_id,
    conversations.agent_no,
    conversations.tag_set_no,
    conversations.contact_tag_set_no,
    conversations.traits_no,
    {{ zoned('intervals.waiting_since') }} as waiting_since,
    {{ zoned('intervals.from_at') }} as from_at,
    intervals.from_date,
    {{ zoned('intervals.unknown_from') }} as unknown_from,
    {{ zoned('intervals.until_at') }} as until_at,
    intervals.until_date,
    intervals.is_unanswered
from {{ ref('int_waiting_intervals') }} as intervals
inner join {{ ref('reporting_conversations') }} as conversations
    on intervals.conversation_key = conversations.conversation_key
inner join {{ ref('int_conversations') }} as ids on intervals.conversation_key = ids.conversation_key
order by intervals.from_date
