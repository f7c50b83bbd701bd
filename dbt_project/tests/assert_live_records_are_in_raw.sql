-- Detects records of live systems that were lost or came twice between their landing and raw.
-- A returned row is an entity of a source of which raw has another number of records than its manifests say.
{{ config(meta={'dagster': {'ref': {'name': 'stg_settings__batch_counts'}}}) }}
with landed as (
    select counts.source_system, counts.entity, sum(counts.landed) as landed
    from {{ ref('stg_settings__batch_counts') }} as counts
    inner join {{ ref('stg_settings__sources') }} as sources on counts.source_system = sources.source_system
    where sources.kind <> 'export'
    group by counts.source_system, counts.entity
),

in_raw as (
    {% for kind, of_kind in raw_entities().items() if kind != 'export' and has_kind(kind) -%}
    {% for entity in of_kind -%}
    select source_system, '{{ entity }}' as entity, count(*) as records
    from {{ source(kind, entity) }}
    group by source_system
    union all
    {% endfor -%}
    {% endfor -%}
    select source_system, entity, cast(0 as bigint) as records from landed where false
)

select landed.source_system, landed.entity, landed.landed, in_raw.records
from landed
left join in_raw on landed.source_system = in_raw.source_system and landed.entity = in_raw.entity
where landed.landed <> coalesce(in_raw.records, 0)
