with records as (
    select * from {{ source('export', 'agents') }} where _reasons is null
),

renamed as (
    select
        source_system,
        agent_id,
        name as agent_name,
        email as agent_email,

        -- versions
        {{ utc('updated_at') }} as updated_at,
        _batch,
        _file,
        _line
    from records
)

select * from renamed
