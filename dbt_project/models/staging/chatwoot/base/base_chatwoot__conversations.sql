{{ config(materialized='table') }}
with versions as (
    {{ ranked_versions(source('chatwoot', 'conversations'), 'conversation_id', 'updated_at') }}
),

complete_readings as (
    {{ complete_readings('chatwoot') }}
)

select
    versions.source_system,
    versions.conversation_id,
    versions.contact_id,
    versions.agent_id,
    versions.channel,
    versions.team_id,
    versions.team,
    {{ word('versions.status') }} as status_word,
    {{ list_or_empty('versions.labels') }} as labels,
    {{ utc('versions.created_at') }} as created_at,
    {{ utc('versions.updated_at') }} as updated_at,
    coalesce(versions.last_seen < complete_readings.complete_batch, false) as is_gone,
    versions._batch,
    versions._file,
    versions._line
from versions
left join complete_readings on versions.source_system = complete_readings.source_system
where versions.version_rank = 1
