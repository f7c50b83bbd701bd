with {# Of each source the latest extraction; the earliest of these; NULL while a source has delivered nothing. #}
source_extractions as (
    select
        sources.account_id,
        sources.source_system,
        max(batches.extracted_at) as extracted_at
    from {{ ref('stg_settings__sources') }} as sources
    left join {{ ref('stg_settings__batches') }} as batches on sources.source_system = batches.source_system
    group by sources.account_id, sources.source_system
),

data_through as (
    select
        account_id,
        case when count(*) = count(extracted_at) then min({{ utc('extracted_at') }}) end as data_through
    from source_extractions
    group by account_id
)

select
    accounts.account_id,
    {{ plus_seconds('data_through.data_through', 'offsets.utc_offset_seconds') }} as data_through
from data_through
inner join {{ ref('stg_settings__accounts') }} as accounts on data_through.account_id = accounts.account_id
left join {{ ref('stg_settings__zone_offsets') }} as offsets
    on
        accounts.timezone = offsets.timezone
        and data_through.data_through >= offsets.from_at
        and data_through.data_through < offsets.to_at
