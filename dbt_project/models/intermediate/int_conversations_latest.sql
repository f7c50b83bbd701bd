{{ latest_versions(ref('stg_export__conversations'), 'conversation_id') }}

select
    sources.account_id,
    latest_versions.source_system,
    latest_versions.conversation_id,
    latest_versions.contact_id,
    latest_versions.agent_id,
    latest_versions.channel,
    latest_versions.team,
    latest_versions.source_raw,
    latest_versions.source_word,
    latest_versions.status_word,
    latest_versions.conversation_tags,
    latest_versions.started_at,
    latest_versions.closed_at,
    latest_versions.is_deleted
from latest_versions
inner join {{ source('settings', 'sources') }} as sources
    on latest_versions.source_system = sources.source_system
