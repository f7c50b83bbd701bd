with live as (
    select * from {{ ref('int_conversations_latest') }} where not is_deleted
)

select
    -- ids: whole numbers in the order of the keys, so that what follows joins and groups by numbers
    row_number() over (order by live.account_id, live.source_system, live.conversation_id) as conversation_no,
    case
        when live.contact_id is not null then dense_rank() over (order by live.source_system, live.contact_id)
    end as contact_no,
    live.account_id,
    live.source_system,
    live.conversation_id,
    live.contact_id,
    live.agent_id,

    -- text
    live.channel,
    live.team,
    live.source_raw,
    live.source_word,
    case
        when live.status_word in ('new', 'created') then 'new'
        when live.status_word in ('flow', 'flow_paused', 'in_flow') then 'in_flow'
        when live.status_word in ('in_progress', 'open') then 'in_progress'
        when live.status_word in ('closed', 'resolved') then 'closed'
        else 'other'
    end as status,
    live.conversation_tags,

    -- instants
    live.started_at,
    {{ local_date('clock', 'live.started_at') }} as started_date,
    live.closed_at
from live
{{ join_clock('clock', 'live.account_id', 'live.started_at') }}
