{# Events follow from all readings together: they have no batch of their own, and take that of their conversation. #}
select
    changes.source_system,
    changes.conversation_id || '-' || changes.event_type || '-' || cast(changes.changed_at as string) as event_id,
    changes.conversation_id,
    changes.event_type,
    changes.changed_at as occurred_at,

    -- versions
    cast(null as timestamp) as updated_at,
    conversations._batch,
    conversations._file,
    row_number() over (
        partition by changes.source_system, conversations._batch
        order by changes.conversation_id, changes.changed_at, changes.event_type
    ) as _line
from {{ ref('base_chatwoot__status_changes') }} as changes
inner join {{ ref('base_chatwoot__conversations') }} as conversations
    on
        changes.source_system = conversations.source_system
        and changes.conversation_id = conversations.conversation_id
