{# A record of a new batch affects the conversation that it names, and those that other versions of it name. A full
   build has no new batches. #}
{% set entities = ['conversations', 'messages', 'events', 'ratings', 'flow_runs'] %}
with named_by_new_batches as (
    {% for entity in entities -%}
    select records.source_system, records.conversation_id
    from {{ ref('int_' ~ entity ~ '__unioned') }} as records
    inner join {{ ref('stg_settings__new_batches') }} as new_batches
        on records.source_system = new_batches.source_system and records._batch = new_batches.batch
    {% if not loop.last %}union{% endif %}
    {% endfor %}
),

records_of_new_batches as (
    select distinct versions.entity, versions.source_system, versions.record_id
    from {{ ref('int_record_versions') }} as versions
    inner join {{ ref('stg_settings__new_batches') }} as new_batches
        on versions.source_system = new_batches.source_system and versions._batch = new_batches.batch
),

named_by_other_versions as (
    select versions.source_system, versions.conversation_id
    from {{ ref('int_record_versions') }} as versions
    inner join records_of_new_batches as records
        on
            versions.entity = records.entity
            and versions.source_system = records.source_system
            and versions.record_id = records.record_id
    where versions.entity in ({{ "'" ~ entities | join("', '") ~ "'" }})
)

select distinct {{ surrogate_key(['source_system', 'conversation_id']) }} as conversation_key
from (
    select source_system, conversation_id from named_by_new_batches
    union all
    select source_system, conversation_id from named_by_other_versions
) as named
