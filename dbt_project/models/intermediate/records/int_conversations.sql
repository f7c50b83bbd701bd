{{ config(materialized='incremental', incremental_strategy='replace_affected') }}
with {{ latest_versions('conversations') }}

select
    -- ids: surrogate keys, so that what follows joins and groups by numbers
    {{ surrogate_key(['latest_versions.source_system', 'latest_versions.conversation_id']) }} as conversation_key,
    case
        when latest_versions.contact_id is not null
            then {{ surrogate_key(['latest_versions.source_system', 'latest_versions.contact_id']) }}
    end as contact_key,
    {{ surrogate_key(['latest_versions.source_system', 'latest_versions.agent_id']) }} as agent_key,
    latest_versions.source_key,
    latest_versions.account_id,
    latest_versions.source_system,
    latest_versions.conversation_id,
    latest_versions.contact_id,
    latest_versions.agent_id,

    -- text
    latest_versions.channel,
    latest_versions.team,
    latest_versions.source_raw,
    latest_versions.source_word,
    case
        when latest_versions.status_word in ('new', 'created') then 'new'
        when latest_versions.status_word in ('flow', 'flow_paused', 'in_flow') then 'in_flow'
        when latest_versions.status_word in ('in_progress', 'open') then 'in_progress'
        when latest_versions.status_word in ('closed', 'resolved') then 'closed'
        else 'other'
    end as status,
    {{ surrogate_key(['latest_versions.team', 'latest_versions.channel']) }} as team_channel_key,
    {{ surrogate_key(['latest_versions.delivered_tags']) }} as tag_set_key,

    -- instants
    latest_versions.started_at,
    {{ local_date('clock', 'latest_versions.started_at') }} as started_date,
    {{ local_hour('clock', 'latest_versions.started_at') }} as started_hour,
    {{ local_time('clock', 'latest_versions.started_at') }} as started_local,
    latest_versions.closed_at,

    -- versions
    latest_versions.is_deleted,
    latest_versions.updated_at
from latest_versions
{{ join_clock('clock', 'latest_versions.account_id', 'latest_versions.started_at') }}
