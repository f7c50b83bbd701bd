with records as (
    select * from {{ source('export', 'flow_runs') }} where _reasons is null
),

renamed as (
    select
        -- ids
        source_system,
        flow_run_id,
        flow_id,
        flow_name,
        contact_id,
        conversation_id,

        -- text
        case when {{ word('direction') }} in ('inbound', 'outbound') then {{ word('direction') }} end as direction,
        {{ word('status') }} as status_word,

        -- instants
        {{ utc('started_at') }} as started_at,
        {{ utc('ended_at') }} as ended_at,

        -- versions
        coalesce(is_test, false) as is_test,
        coalesce(deleted, false) as is_deleted,
        {{ utc('updated_at') }} as updated_at,
        _batch,
        _file,
        _line
    from records
)

select * from renamed
