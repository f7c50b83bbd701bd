with records as (
    select * from {{ source('export', 'ratings') }} where _reasons is null
),

renamed as (
    select
        source_system,
        rating_id,
        conversation_id,
        rating,
        comment as rating_comment,
        {{ utc('answered_at') }} as answered_at,

        -- versions
        {{ utc('updated_at') }} as updated_at,
        _batch,
        _file,
        _line
    from records
)

select * from renamed
