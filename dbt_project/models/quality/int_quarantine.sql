{# What mends a row is a good version in a batch of a later name. Of the batches, those that are not behind any
   quarantined row are not looked into. A key that the reasons are against is no key. #}
{% set entities = [] -%}
{% for kind, keys in raw_entities().items() if has_kind(kind) -%}
{% for entity, key in keys.items() -%}
{% do entities.append((kind, entity, key)) -%}
{% endfor -%}
{% endfor -%}
with bad_rows as (
    {% for kind, entity, key in entities -%}
    select
        source_system,
        '{{ entity }}' as entity,
        _batch as batch,
        _file as file,
        _line as line,
        case when _reasons not like '%{{ key }}: %' then {{ key }} end as record_id,
        _reasons as reasons
    from {{ source(kind, entity) }}
    where _reasons is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

quarantined as (
    select
        source_system,
        entity,
        batch,
        file,
        row_number() over (partition by source_system, entity, batch, file order by line) as nth_of_file,
        record_id,
        reasons
    from bad_rows
),

wanted as (
    select distinct source_system, entity, record_id from quarantined where record_id is not null
),

first_batches as (
    select source_system, entity, min(batch) as batch
    from quarantined
    where record_id is not null
    group by source_system, entity
),

later_batches as (
    select first_batches.source_system, first_batches.entity, batches.batch
    from first_batches
    inner join {{ ref('stg_settings__batches') }} as batches
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
        quarantined.source_system,
        quarantined.entity,
        quarantined.batch,
        quarantined.file,
        quarantined.nth_of_file,
        min(good_versions.batch) as mended_by
    from quarantined
    inner join good_versions
        on
            quarantined.source_system = good_versions.source_system
            and quarantined.entity = good_versions.entity
            and quarantined.record_id = good_versions.record_id
            and quarantined.batch < good_versions.batch
    group by
        quarantined.source_system, quarantined.entity, quarantined.batch, quarantined.file, quarantined.nth_of_file
)

select
    quarantined.source_system,
    quarantined.entity,
    quarantined.batch,
    quarantined.file,
    cast(quarantined.nth_of_file as bigint) as nth_of_file,
    quarantined.record_id,
    quarantined.reasons,
    mended.mended_by
from quarantined
left join mended
    on
        quarantined.source_system = mended.source_system
        and quarantined.entity = mended.entity
        and quarantined.batch = mended.batch
        and quarantined.file = mended.file
        and quarantined.nth_of_file = mended.nth_of_file
