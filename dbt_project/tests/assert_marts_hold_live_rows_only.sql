-- Detects what the details hold of quarantined or deleted records: the conversation of a record that was never mended,
-- a deleted conversation, the data of a deleted contact. A returned row is a conversation with such data.
{{ config(meta={'dagster': {'ref': {'name': 'details'}}}) }}
with quarantined as (
    select distinct source_system, conversation_id
    from {{ source('export', 'conversations') }}
    where _reasons is not null
),

mended as (
    select records.source_system, records.conversation_id, records.started_at
    from {{ source('export', 'conversations') }} as records
    inner join quarantined
        on
            records.source_system = quarantined.source_system
            and records.conversation_id = quarantined.conversation_id
    where records._reasons is null
)

select details.source_system, details.conversation_id, 'quarantined conversation' as finding
from {{ ref('details') }} as details
inner join quarantined
    on
        details.source_system = quarantined.source_system
        and details.conversation_id = quarantined.conversation_id
left join mended
    on
        details.source_system = mended.source_system
        and details.conversation_id = mended.conversation_id
        and details.started_at = mended.started_at
where mended.conversation_id is null
union all
select details.source_system, details.conversation_id, 'deleted conversation' as finding
from {{ ref('details') }} as details
inner join {{ ref('int_conversations') }} as conversations
    on
        details.source_system = conversations.source_system
        and details.conversation_id = conversations.conversation_id
where conversations.is_deleted
union all
select details.source_system, details.conversation_id, 'deleted contact' as finding
from {{ ref('details') }} as details
inner join {{ ref('int_contacts') }} as contacts
    on details.source_system = contacts.source_system and details.contact_id = contacts.contact_id
where
    contacts.is_deleted
    and (details.contact_name is not null or details.contact_phone is not null or details.contact_tags is not null)
