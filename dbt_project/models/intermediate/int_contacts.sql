{{ latest_versions(ref('stg_export__contacts'), 'contact_id') }}

select
    source_system,
    contact_id,
    contact_name,
    contact_phone,
    contact_tags,
    is_deleted
from latest_versions
