{{ config(materialized='incremental', incremental_strategy='replace_affected') }}
with {{ latest_versions('flow_runs') }}

select
    -- ids
    {{ surrogate_key(['latest_versions.source_system', 'latest_versions.conversation_id']) }} as conversation_key,
    case
        when latest_versions.contact_id is not null
            then {{ surrogate_key(['latest_versions.source_system', 'latest_versions.contact_id']) }}
    end as contact_key,
    {{ surrogate_key(['latest_versions.source_system', 'latest_versions.flow_id']) }} as flow_key,
    latest_versions.source_key,
    latest_versions.account_id,
    latest_versions.source_system,
    latest_versions.flow_run_id,
    latest_versions.flow_id,

    -- text
    latest_versions.flow_name,
    latest_versions.direction,
    case
        when latest_versions.status_word in ('ready', 'running') then 'ongoing'
        when latest_versions.status_word in ('canceled', 'cancelled') then 'cancelled'
        when latest_versions.status_word in ('completed', 'expired', 'failed') then latest_versions.status_word
        else 'other'
    end as status,

    -- instants
    latest_versions.started_at,
    {{ local_date('clock', 'latest_versions.started_at') }} as started_date,
    latest_versions.ended_at,

    -- versions
    latest_versions.is_deleted,
    not latest_versions.is_deleted and not latest_versions.is_test as is_counted,
    latest_versions.updated_at
from latest_versions
{{ join_clock('clock', 'latest_versions.account_id', 'latest_versions.started_at') }}
