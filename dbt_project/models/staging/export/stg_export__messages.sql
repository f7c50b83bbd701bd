with records as (
    select * from {{ source('export', 'messages') }} where _reasons is null
),

renamed as (
    select
        -- ids
        source_system,
        message_id,
        conversation_id,
        agent_id,

        -- words
        {{ word('direction', ['inbound', 'outbound']) }} as direction,
        {{ word('sender_type', ['contact', 'agent', 'bot', 'system']) }} as sender_type,
        {{ word('origin', ['inbox', 'flow', 'auto_response', 'api', 'broadcast']) }} as origin,
        {{ word('type', ['text', 'image', 'audio', 'document', 'template']) }} as message_type,
        {{ word('status', ['read', 'delivered', 'sent', 'received', 'failed']) }} as status_word,

        -- instants
        {{ utc('sent_at') }} as sent_at,

        -- versions
        coalesce(private, false) as is_private,
        coalesce(deleted, false) as is_deleted,
        {{ utc('updated_at') }} as updated_at,
        _batch,
        _file,
        _line
    from records
)

select * from renamed
