{{ config(materialized='incremental', incremental_strategy='replace_affected') }}
with {{ latest_versions('events') }}

select
    {{ surrogate_key(['source_system', 'conversation_id']) }} as conversation_key,
    source_key,
    event_id,
    event_type,
    occurred_at
from latest_versions
