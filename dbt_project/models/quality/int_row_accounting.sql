{# What became of the rows of the accepted batches. Landed is what the manifests said; the rest is counted in the data,
   superseded ones by their keys, so that a record which a model loses or doubles breaks the balance.

   Of live systems, entities have rows both as they came and as they follow from these in the common vocabulary: what
   follows is held against what is used; what came only as such (labels, teams, snapshots' statuses) is used by being
   read, and what is another system's or of a group is set aside.

   The audit compares rows_read, counted where raw is read, with what the ledger says was ingested. #}
{% set keys = record_keys() -%}
{% set raw = [] -%}
{% for kind, of_kind in raw_entities().items() if has_kind(kind) -%}
{% for entity in of_kind -%}
{% do raw.append((kind, entity)) -%}
{% endfor -%}
{% endfor %}
with entities as (
    {% for entity in keys -%}
    select source_system, '{{ entity }}' as entity from {{ ref('stg_settings__sources') }}
    union
    {% endfor -%}
    select source_system, entity from {{ ref('stg_settings__batch_counts') }}
),

manifests as (
    select counts.source_system, counts.entity, sum(counts.landed) as landed
    from {{ ref('stg_settings__batch_counts') }} as counts
    inner join {{ ref('stg_settings__sources') }} as sources on counts.source_system = sources.source_system
    where sources.kind = 'export'
    group by counts.source_system, counts.entity
),

delivered as (
    {% for entity in keys -%}
    select delivered.source_system, '{{ entity }}' as entity, count(*) as delivered
    from {{ ref('int_' ~ entity ~ '__unioned') }} as delivered
    inner join {{ ref('stg_settings__sources') }} as sources on delivered.source_system = sources.source_system
    where sources.kind <> 'export'
    group by delivered.source_system
    {% if not loop.last %}union all{% endif %}
    {% endfor -%}
),

rows_of_raw as (
    {% for kind, entity in raw -%}
    select source_system, '{{ entity }}' as entity, _reasons from {{ source(kind, entity) }}
    {% if not loop.last %}union all{% endif %}
    {% endfor -%}
),

raw_rows as (
    select source_system, entity, count(*) as rows_read, count(_reasons) as quarantined
    from rows_of_raw
    group by source_system, entity
),

{# What is used by being read, or set aside: entities that nothing of the common vocabulary follows from one by one. #}
read_only as (
    select source_system, entity, rows_read - quarantined as records
    from raw_rows
    where entity not in ('{{ keys | join("', '") }}')
),

superseded as (
    select source_system, entity, count(*) as superseded
    from {{ ref('int_record_versions') }}
    where is_superseded
    group by source_system, entity
),

fates_of_records as (
    {% for entity in ['messages', 'events', 'ratings'] -%}
    select
        records.source_key,
        '{{ entity }}' as entity,
        case
            {% if entity == 'messages' -%}
            when records.is_deleted then 'deleted'
            {% endif -%}
            when conversations.conversation_key is null then 'orphan'
            when conversations.is_deleted then 'deleted'
            else 'used'
        end as fate,
        count(*) as records
    from {{ ref('int_' ~ entity) }} as records
    left join {{ ref('int_conversations') }} as conversations
        on records.conversation_key = conversations.conversation_key
    group by records.source_key, fate
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

latest as (
    select source_system, 'conversations' as entity, 'used' as fate, count(*) as records
    from {{ ref('int_conversation_facts') }}
    group by source_system
    union all
    select source_system, 'conversations' as entity, 'deleted' as fate, count(*) as records
    from {{ ref('int_conversations') }}
    where is_deleted
    group by source_system
    union all
    {% for entity in ['contacts', 'flow_runs'] -%}
    select
        source_system,
        '{{ entity }}' as entity,
        case when is_deleted then 'deleted' else 'used' end as fate,
        count(*) as records
    from {{ ref('int_' ~ entity) }}
    group by source_system, is_deleted
    union all
    {% endfor -%}
    select source_system, 'agents' as entity, 'used' as fate, count(*) as records
    from {{ ref('int_agents') }}
    group by source_system
    union all
    select sources.source_system, records.entity, records.fate, records.records
    from fates_of_records as records
    inner join {{ ref('stg_settings__sources') }} as sources on records.source_key = sources.source_key
),

fates as (
    select
        source_system,
        entity,
        sum(case when fate = 'deleted' then records else 0 end) as deleted,
        sum(case when fate = 'orphan' then records else 0 end) as orphans,
        sum(case when fate = 'used' then records else 0 end) as used
    from latest
    group by source_system, entity
)

select
    entities.source_system,
    entities.entity,
    coalesce(raw_rows.rows_read, 0) as rows_read,
    cast(
        case
            when sources.kind = 'export' then coalesce(manifests.landed, 0)
            else
                coalesce(delivered.delivered, 0)
                + coalesce(read_only.records, 0)
                + coalesce(raw_rows.quarantined, 0)
        end as bigint
    ) as landed,
    coalesce(raw_rows.quarantined, 0) as quarantined,
    coalesce(superseded.superseded, 0) as superseded,
    cast(coalesce(fates.deleted, 0) as bigint) as deleted,
    cast(coalesce(fates.orphans, 0) as bigint) as orphans,
    case when entities.entity = '{{ set_aside_entity() }}' then coalesce(read_only.records, 0) else 0 end as set_aside,
    cast(
        case
            when entities.entity = '{{ set_aside_entity() }}' then 0
            {% for entity in keys -%}
            when entities.entity = '{{ entity }}' then coalesce(fates.used, 0)
            {% endfor -%}
            else coalesce(read_only.records, 0)
        end as bigint
    ) as used
from entities
inner join {{ ref('stg_settings__sources') }} as sources on entities.source_system = sources.source_system
{% for counted in ['manifests', 'delivered', 'read_only', 'raw_rows', 'superseded', 'fates'] -%}
left join {{ counted }}
    on entities.source_system = {{ counted }}.source_system and entities.entity = {{ counted }}.entity
{% endfor %}
