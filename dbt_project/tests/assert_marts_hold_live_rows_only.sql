-- Detects what the details hold of quarantined or deleted records: conversations without a good record of that start,
-- deleted conversations, the data of deleted contacts. A returned row is a conversation with such data.
{{ config(meta={'dagster': {'ref': {'name': 'details'}}}) }}
select details.source_system, details.conversation_id, 'no good record' as finding
from {{ ref('details') }} as details
where not exists (
    select 1
    from {{ source('export', 'conversations') }} as records
    where
        records.source_system = details.source_system
        and records.conversation_id = details.conversation_id
        and records.started_at = details.started_at
        and records._reasons is null
        and not coalesce(records.deleted, false)
)
union all
select details.source_system, details.conversation_id, 'deleted conversation' as finding
from {{ ref('details') }} as details
inner join {{ ref('int_conversations_latest') }} as latest
    on details.source_system = latest.source_system and details.conversation_id = latest.conversation_id
where latest.is_deleted
union all
select details.source_system, details.conversation_id, 'deleted contact' as finding
from {{ ref('details') }} as details
inner join {{ ref('int_contacts') }} as contacts
    on details.source_system = contacts.source_system and details.contact_id = contacts.contact_id
where
    contacts.is_deleted
    and (details.contact_name is not null or details.contact_phone is not null or details.contact_tags is not null)
