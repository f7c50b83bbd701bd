{# The system does not say when it closed a conversation: it was closed at the snapshot that first showed it so. Of what
   the very first snapshot shows closed, nothing is known. #}
with closings as (
    select
        source_system,
        conversation_id,
        snapshot_no,
        snapshot_at as closed_at,
        -- by number: instants may run back
        row_number() over (partition by source_system, conversation_id order by snapshot_no desc) as closing_rank
    from {{ ref('base_activecampaign__conversations') }}
    where is_closing
)

select
    -- ids
    conversations.source_system,
    conversations.conversation_id,
    conversations.contact_id,
    conversations.agent_id,

    -- text
    conversations.channel,
    conversations.team,
    conversations.source_raw,
    {{ word('conversations.source_raw') }} as source_word,
    conversations.status_word,
    conversations.tag_names as delivered_tags,

    -- instants
    conversations.started_at,
    case when conversations.is_closed and closings.snapshot_no > 1 then closings.closed_at end as closed_at,

    -- versions
    conversations.is_gone as is_deleted,
    cast(null as timestamp) as updated_at,
    conversations._batch,
    conversations._file,
    conversations._line
from {{ ref('base_activecampaign__conversations') }} as conversations
left join closings
    on
        conversations.source_system = closings.source_system
        and conversations.conversation_id = closings.conversation_id
        and closings.closing_rank = 1
where conversations.is_latest
