with records as (
    select * from {{ source('export', 'events') }} where _reasons is null
),

renamed as (
    select
        source_system,
        event_id,
        conversation_id,
        {{ word('type') }} as event_type,
        {{ utc('occurred_at') }} as occurred_at,

        -- versions: the format has none for events, so the later batch wins
        cast(null as timestamp) as updated_at,
        _batch,
        _file,
        _line
    from records
)

select * from renamed
