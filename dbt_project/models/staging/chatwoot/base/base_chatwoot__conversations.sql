{{ config(materialized='table') }}
with versions as (
    {{ ranked_versions(source('chatwoot', 'conversations'), 'conversation_id', 'updated_at') }}
),

assigned as (
    select
        *,
        assignee_id as person_id,
        -- only newer versions say what an assignee is: before, it could be nothing but a user
        coalesce({{ word('assignee_type') }}, {{ word('assignee_own_type') }}, 'user') as person_kind
    from versions
),

{{ kept_people('assigned', 'conversation_id') }},

{# An activity says that nobody had it any more before its agent was gone. Its time has no fraction of a second. #}
unassigned as (
    select distinct kept_people.source_system, kept_people.conversation_id
    from kept_people
    inner join {{ source('settings', 'batches') }} as batches
        on kept_people.source_system = batches.source_system and kept_people.gone_batch = batches.batch
    inner join {{ ref('base_chatwoot__messages') }} as messages
        on
            kept_people.source_system = messages.source_system
            and kept_people.conversation_id = messages.conversation_id
            and messages.message_type = 'activity'
    inner join {{ source('settings', 'activity_texts') }} as texts
        on
            messages.source_system = texts.source_system
            and texts.change = 'unassigned'
            and {{ is_like('lower(messages.activity)', 'texts.pattern') }}
    where
        {{ plus_seconds('messages.created_at', 1) }}
        > {{ utc('coalesce(kept_people.updated_at, kept_people.last_activity_at, kept_people.created_at)') }}
        and messages.created_at <= {{ utc('batches.extracted_at') }}
),

complete_readings as (
    {{ complete_readings('chatwoot') }}
)

select
    assigned.source_system,
    assigned.conversation_id,
    assigned.contact_id,
    case
        when coalesce(kept_people.person_kind, assigned.person_kind) = 'user' and unassigned.conversation_id is null
            then coalesce(assigned.person_id, kept_people.person_id)
    end as agent_id,
    assigned.channel,
    assigned.team_id,
    assigned.team,
    {{ word('assigned.status') }} as status_word,
    {{ list_or_empty('assigned.labels') }} as labels,
    {{ utc('assigned.created_at') }} as created_at,
    {{ utc('assigned.updated_at') }} as updated_at,
    coalesce(assigned.last_seen < coalesce(unread.complete_batch, complete_readings.complete_batch), false) as is_gone,
    coalesce(unread.events_batch = assigned.last_seen, false) as is_without_events,
    assigned._batch,
    assigned._file,
    assigned._line
from assigned
left join complete_readings on assigned.source_system = complete_readings.source_system
left join {{ ref('base_chatwoot__unread') }} as unread
    on assigned.source_system = unread.source_system and assigned.conversation_id = unread.conversation_id
left join kept_people
    on assigned.source_system = kept_people.source_system and assigned.conversation_id = kept_people.conversation_id
left join unassigned
    on assigned.source_system = unassigned.source_system and assigned.conversation_id = unassigned.conversation_id
where assigned.version_rank = 1
