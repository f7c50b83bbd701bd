{{ config(materialized='incremental', unique_key=['source_system', 'entity', 'batch', 'file', 'nth_of_file']) }}
{# What mends a row is a good version in a batch of a later name, and all that an update delivers is of later names: so
   an update looks for good versions among the delivered records only, and touches the rows before only to close them.
   Of the batches, those that are not behind any quarantined row are not looked into. A key that the reasons are against
   is none. #}
{% set entities = [] -%}
{% for kind, keys in raw_entities().items() if has_kind(kind) -%}
{% for entity, key in keys.items() -%}
{% do entities.append((kind, entity, key)) -%}
{% endfor -%}
{% endfor -%}
with delivered as (
    {% for kind, entity, key in entities -%}
    select
        source_system,
        '{{ entity }}' as entity,
        _batch as batch,
        _file as file,
        row_number() over (partition by source_system, _batch, _file order by _line) as nth_of_file,
        case when _reasons not like '%{{ key }}: %' then {{ key }} end as record_id,
        _reasons as reasons
    from {{ source(kind, entity) }}
    where _reasons is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

left_open as (
    {% if is_update() -%}
    select source_system, entity, batch, file, nth_of_file, record_id, reasons
    from {{ this }}
    where mended_by is null and record_id is not null
    {%- else -%}
    select source_system, entity, batch, file, nth_of_file, record_id, reasons from delivered where false
    {%- endif %}
),

looked_at as (
    select *, true as is_new from delivered
    union all
    select *, false as is_new from left_open
),

wanted as (
    select distinct source_system, entity, record_id from looked_at where record_id is not null
),

first_batches as (
    select source_system, entity, min(batch) as batch
    from looked_at
    where record_id is not null
    group by source_system, entity
),

later_batches as (
    select first_batches.source_system, first_batches.entity, batches.batch
    from first_batches
    inner join {{ source('settings', 'batches') }} as batches
        on first_batches.source_system = batches.source_system and first_batches.batch < batches.batch
),

good_versions as (
    {% for kind, entity, key in entities -%}
    select records.source_system, wanted.entity, wanted.record_id, records._batch as batch
    from {{ source(kind, entity) }} as records
    inner join later_batches
        on
            records.source_system = later_batches.source_system
            and records._batch = later_batches.batch
            and later_batches.entity = '{{ entity }}'
    inner join wanted
        on
            records.source_system = wanted.source_system
            and records.{{ key }} = wanted.record_id
            and wanted.entity = '{{ entity }}'
    where records._reasons is null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

mended as (
    select
        looked_at.source_system,
        looked_at.entity,
        looked_at.batch,
        looked_at.file,
        looked_at.nth_of_file,
        min(good_versions.batch) as mended_by
    from looked_at
    inner join good_versions
        on
            looked_at.source_system = good_versions.source_system
            and looked_at.entity = good_versions.entity
            and looked_at.record_id = good_versions.record_id
            and looked_at.batch < good_versions.batch
    group by
        looked_at.source_system, looked_at.entity, looked_at.batch, looked_at.file, looked_at.nth_of_file
)

select
    looked_at.source_system,
    looked_at.entity,
    looked_at.batch,
    looked_at.file,
    cast(looked_at.nth_of_file as bigint) as nth_of_file,
    looked_at.record_id,
    looked_at.reasons,
    mended.mended_by
from looked_at
left join mended
    on
        looked_at.source_system = mended.source_system
        and looked_at.entity = mended.entity
        and looked_at.batch = mended.batch
        and looked_at.file = mended.file
        and looked_at.nth_of_file = mended.nth_of_file
where looked_at.is_new or mended.mended_by is not null
