with records as (
    select * from {{ source('export', 'conversations') }} where _reasons is null
),

renamed as (
    select
        -- ids
        source_system,
        conversation_id,
        contact_id,
        agent_id,

        -- text
        channel,
        team,
        source as source_raw,
        {{ word('source') }} as source_word,
        {{ word('status') }} as status_word,
        {{ list_or_empty('tags') }} as delivered_tags,

        -- instants
        {{ utc('started_at') }} as started_at,
        {{ utc('closed_at') }} as closed_at,

        -- versions
        coalesce(deleted, false) as is_deleted,
        {{ utc('updated_at') }} as updated_at,
        _batch,
        _file,
        _line
    from records
)

select * from renamed
