{{ config(materialized='incremental', incremental_strategy='replace_affected') }}
with {{ latest_versions('ratings') }}

select
    {{ surrogate_key(['source_system', 'conversation_id']) }} as conversation_key,
    source_key,
    rating_id,
    rating,
    rating_comment,
    answered_at,
    updated_at
from latest_versions
