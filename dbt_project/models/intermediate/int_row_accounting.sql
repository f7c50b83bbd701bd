{# What became of the rows of the accepted batches. Landed is what the manifests said; the rest is counted in the data,
   the latest versions by their keys, so that a record which a model loses or doubles breaks the balance. #}
{% set keys = {
    'conversations': 'conversation_id',
    'messages': 'message_id',
    'contacts': 'contact_id',
    'agents': 'agent_id',
    'events': 'event_id',
    'ratings': 'rating_id',
} %}
with entities as (
    {% for entity in keys -%}
    select source_system, '{{ entity }}' as entity from {{ source('settings', 'sources') }}
    {% if not loop.last %}union all{% endif %}
    {% endfor -%}
),

manifests as (
    select source_system, entity, sum(landed) as landed
    from {{ source('settings', 'batch_counts') }}
    group by source_system, entity
),

quarantined as (
    {% for entity in keys -%}
    select source_system, '{{ entity }}' as entity, count(*) as quarantined
    from {{ source('export', entity) }}
    where _reasons is not null
    group by source_system
    {% if not loop.last %}union all{% endif %}
    {% endfor -%}
),

superseded as (
    {% for entity, key in keys.items() -%}
    select source_system, '{{ entity }}' as entity, count(*) - count(distinct {{ key }}) as superseded
    from {{ ref('stg_export__' ~ entity) }}
    group by source_system
    {% if not loop.last %}union all{% endif %}
    {% endfor -%}
),

latest as (
    select source_system, 'conversations' as entity, 'used' as fate from {{ ref('int_conversation_facts') }}
    union all
    select source_system, 'conversations' as entity, 'deleted' as fate
    from {{ ref('int_conversations_latest') }}
    where is_deleted
    union all
    select source_system, 'contacts' as entity, case when is_deleted then 'deleted' else 'used' end as fate
    from {{ ref('int_contacts') }}
    union all
    select source_system, 'agents' as entity, 'used' as fate from {{ ref('int_agents') }}
    {% for entity in ['messages', 'events', 'ratings'] -%}
    union all
    select source_system, '{{ entity }}' as entity, fate from {{ ref('int_' ~ entity) }}
    {% endfor -%}
),

fates as (
    select
        source_system,
        entity,
        count(case when fate = 'deleted' then 1 end) as deleted,
        count(case when fate = 'orphan' then 1 end) as orphans,
        count(case when fate = 'used' then 1 end) as used
    from latest
    group by source_system, entity
)

select
    entities.source_system,
    entities.entity,
    cast(coalesce(manifests.landed, 0) as bigint) as landed,
    coalesce(quarantined.quarantined, 0) as quarantined,
    coalesce(superseded.superseded, 0) as superseded,
    coalesce(fates.deleted, 0) as deleted,
    coalesce(fates.orphans, 0) as orphans,
    coalesce(fates.used, 0) as used
from entities
{% for counted in ['manifests', 'quarantined', 'superseded', 'fates'] -%}
left join {{ counted }}
    on entities.source_system = {{ counted }}.source_system and entities.entity = {{ counted }}.entity
{% endfor %}
