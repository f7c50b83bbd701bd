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
        {{ word('direction') }} as direction,
        {{ word('sender_type') }} as sender_type,
        {{ word('origin') }} as origin,
        {{ word('type') }} as message_type,
        {{ word('status') }} as status_word,

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
