{# What became of the rows of the accepted batches. Landed is what the manifests said; the rest is counted in the data,
   superseded ones by their keys, so that a record which a model loses or doubles breaks the balance. An update adds to
   what was counted before.

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
    select source_system, '{{ entity }}' as entity from {{ source('settings', 'sources') }}
    union
    {% endfor -%}
    select source_system, entity from {{ source('settings', 'batch_counts') }}
),

manifests as (
    select counts.source_system, counts.entity, sum(counts.landed) as landed
    from {{ source('settings', 'batch_counts') }} as counts
    inner join {{ source('settings', 'sources') }} as sources on counts.source_system = sources.source_system
    where sources.kind = 'export'
    group by counts.source_system, counts.entity
),

delivered as (
    {% for entity in keys -%}
    select delivered.source_system, '{{ entity }}' as entity, count(*) as delivered
    from {{ ref('int_delivered_' ~ entity) }} as delivered
    inner join {{ source('settings', 'sources') }} as sources on delivered.source_system = sources.source_system
    where sources.kind <> 'export'
    group by delivered.source_system
    {% if not loop.last %}union all{% endif %}
    {% endfor -%}
),

read_only as (
    {% for kind, entity in raw if kind != 'export' and entity not in keys -%}
    select source_system, '{{ entity }}' as entity, count(*) as records
    from {{ source(kind, entity) }}
    where _reasons is null
    group by source_system
    union all
    {% endfor -%}
    select source_system, entity, cast(0 as bigint) as records from entities where false
),

raw_rows as (
    {% for kind, entity in raw -%}
    select source_system, '{{ entity }}' as entity, count(*) as rows_read, count(_reasons) as quarantined
    from {{ source(kind, entity) }}
    group by source_system
    {% if not loop.last %}union all{% endif %}
    {% endfor -%}
),

repeated as (
    select
        source_system,
        entity,
        record_id,
        count(*) as versions,
        max(case when is_known then 1 else 0 end) as known
    from {{ ref('int_repeated_records') }}
    group by source_system, entity, record_id
),

superseded as (
    select source_system, entity, sum(versions - 1 + known) as superseded
    from repeated
    group by source_system, entity
),

counted_before as (
    {% if is_update() -%}
    select source_system, entity, rows_read, landed, quarantined, superseded, set_aside, used
    from {{ before_update('int_row_accounting') }}
    {%- else -%}
    select
        source_system,
        entity,
        0 as rows_read,
        0 as landed,
        0 as quarantined,
        0 as superseded,
        0 as set_aside,
        0 as used
    from entities
    {%- endif %}
),

deleted_conversations as (
    select conversation_no from {{ ref('int_conversations') }} where is_deleted
),

{# Counted by what a row itself says first, and those that hang on deleted conversations apart: to ask each of all rows
   for its conversation takes twice as long. #}
{% set hanging = ['messages', 'events', 'ratings'] -%}
hanging as (
    {% for entity in hanging -%}
    {% set is_deleted = 'is_deleted' if entity == 'messages' else 'false' -%}
    select
        source_no,
        '{{ entity }}' as entity,
        count(*) as records,
        count(case when {{ is_deleted }} then 1 end) as deleted,
        count(case when conversation_no is null and not {{ is_deleted }} then 1 end) as orphans
    from {{ ref('int_' ~ entity) }}
    group by source_no
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

hanging_on_deleted as (
    {% for entity in hanging -%}
    select records.source_no, '{{ entity }}' as entity, count(*) as records
    from {{ ref('int_' ~ entity) }} as records
    inner join deleted_conversations on records.conversation_no = deleted_conversations.conversation_no
    {% if entity == 'messages' -%}
    where not records.is_deleted
    {% endif -%}
    group by records.source_no
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

fates_of_hanging as (
    select source_no, entity, 'deleted' as fate, deleted as records from hanging
    union all
    select source_no, entity, 'orphan' as fate, orphans as records from hanging
    union all
    select source_no, entity, 'used' as fate, records - deleted - orphans as records from hanging
    union all
    select source_no, entity, 'deleted' as fate, records from hanging_on_deleted
    union all
    select source_no, entity, 'used' as fate, -records as records from hanging_on_deleted
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
    select
        source_system,
        'contacts' as entity,
        case when is_deleted then 'deleted' else 'used' end as fate,
        count(*) as records
    from {{ ref('int_contacts') }}
    group by source_system, is_deleted
    union all
    select source_system, 'agents' as entity, 'used' as fate, count(*) as records
    from {{ ref('int_agents') }}
    group by source_system
    union all
    select sources.source_system, hanging.entity, hanging.fate, hanging.records
    from fates_of_hanging as hanging
    inner join {{ source('settings', 'sources') }} as sources on hanging.source_no = sources.source_no
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
    cast(coalesce(counted_before.rows_read, 0) + coalesce(raw_rows.rows_read, 0) as bigint) as rows_read,
    cast(
        case
            when sources.kind = 'export' then coalesce(manifests.landed, 0)
            else
                coalesce(counted_before.landed, 0)
                + coalesce(delivered.delivered, 0)
                + coalesce(read_only.records, 0)
                + coalesce(raw_rows.quarantined, 0)
        end as bigint
    ) as landed,
    cast(coalesce(counted_before.quarantined, 0) + coalesce(raw_rows.quarantined, 0) as bigint) as quarantined,
    cast(coalesce(counted_before.superseded, 0) + coalesce(superseded.superseded, 0) as bigint) as superseded,
    cast(coalesce(fates.deleted, 0) as bigint) as deleted,
    cast(coalesce(fates.orphans, 0) as bigint) as orphans,
    cast(
        coalesce(counted_before.set_aside, 0)
        + case when entities.entity = '{{ set_aside_entity() }}' then coalesce(read_only.records, 0) else 0 end
        as bigint
    ) as set_aside,
    cast(
        case
            when entities.entity = '{{ set_aside_entity() }}' then 0
            {% for entity in keys -%}
            when entities.entity = '{{ entity }}' then coalesce(fates.used, 0)
            {% endfor -%}
            else coalesce(counted_before.used, 0) + coalesce(read_only.records, 0)
        end as bigint
    ) as used
from entities
inner join {{ source('settings', 'sources') }} as sources on entities.source_system = sources.source_system
{% for counted in [
    'manifests', 'delivered', 'read_only', 'raw_rows', 'superseded', 'counted_before', 'fates'
] -%}
left join {{ counted }}
    on entities.source_system = {{ counted }}.source_system and entities.entity = {{ counted }}.entity
{% endfor %}
