with records as (
    select * from {{ source('export', 'contacts') }} where _reasons is null
),

renamed as (
    select
        source_system,
        contact_id,
        name as contact_name,
        phone as contact_phone,
        {{ list_or_empty('tags') }} as delivered_tags,

        -- versions
        coalesce(deleted, false) as is_deleted,
        {{ utc('updated_at') }} as updated_at,
        _batch,
        _file,
        _line
    from records
)

select * from renamed
