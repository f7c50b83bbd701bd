{{ config(materialized='incremental', unique_key=['source_no', 'contact_id']) }}
with {{ latest_versions('contacts') }}

select
    source_no,
    source_system,
    contact_id,
    contact_name,
    contact_phone,
    contact_tags,
    is_deleted,
    updated_at
from latest_versions
