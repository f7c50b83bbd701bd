with versions as (
    {{ ranked_versions(source('activecampaign', 'contacts'), 'contact_id') }}
),

complete_readings as (
    {{ complete_readings('activecampaign', 'is_complete and coalesce(has_contacts, true)') }}
)

select
    versions.source_system,
    versions.contact_id,
    {{ full_name('versions.first_name', 'versions.last_name') }} as contact_name,
    coalesce(versions.phone, versions.canonical_phone) as contact_phone,
    {{ list_or_empty('versions.tags') }} as delivered_tags,

    -- versions
    coalesce(versions.last_seen < complete_readings.complete_batch, false) as is_deleted,
    cast(null as timestamp) as updated_at,
    versions._batch,
    versions._file,
    versions._line
from versions
left join complete_readings on versions.source_system = complete_readings.source_system
where versions.version_rank = 1
