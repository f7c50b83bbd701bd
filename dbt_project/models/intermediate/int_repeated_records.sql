{# A record that came once needs no order: so only those are looked at closely whose key came more than once, or is
   known. Keys that share a hash by chance are told apart when they are ordered. Known ones are looked for by their keys
   alone first, and not among empty ones, of which there are none: only for a filtered side of a join of one column does
   DuckDB look into the other side before it reads all of its columns. What the intake has found already, of entities
   whose clocks it compares, is not looked for again. #}
{% set keys, hanging = record_keys(), ['messages', 'events', 'ratings'] %}
{% set found = ['conversations', 'messages'] if is_update() and are_known_records_found() else [] %}
with {% for entity, key in keys.items() -%}
{% set records = ref('int_delivered_' ~ entity) -%}
{{ entity }}_repeated as (
    select {{ key_hash(['source_system', key]) }} as key_hash
    from {{ records }}
    group by {{ key_hash(['source_system', key]) }}
    having count(*) > 1
),

{% if is_update() -%}
{% if entity in found -%}
{{ entity }}_alike as (
    select
        source_no,
        record_id as {{ key }},
        updated_at,
        conversation_no as known_conversation_no
    from {{ source('settings', 'known_records') }}
    where entity = '{{ entity }}'
),

{% else -%}
{{ entity }}_alike as materialized (
    select
        source_no,
        {{ key }},
        {{ 'cast(null as timestamp)' if entity == 'events' else 'updated_at' }} as updated_at,
        {{ 'conversation_no' if entity in hanging else 'cast(null as bigint)' }} as known_conversation_no
    from {{ before_update('int_' ~ entity) }}
    where {{ key }} in (select {{ key }} from {{ records }} where {{ key }} <> '')
),

{% endif -%}
{% endif -%}
{{ entity }}_known as (
    {% if is_update() -%}
    select distinct
        sources.source_system,
        in_force.{{ key }} as record_id,
        in_force.updated_at,
        in_force.known_conversation_no
    from {{ entity }}_alike as in_force
    inner join {{ source('settings', 'sources') }} as sources on in_force.source_no = sources.source_no
    inner join {{ records }} as delivered
        on sources.source_system = delivered.source_system and in_force.{{ key }} = delivered.{{ key }}
    {%- else -%}
    select
        cast(null as varchar) as source_system,
        cast(null as varchar) as record_id,
        cast(null as timestamp) as updated_at,
        cast(null as bigint) as known_conversation_no
    where false
    {%- endif %}
),

{{ entity }}_versions as (
    select
        '{{ entity }}' as entity,
        delivered.source_system,
        delivered.{{ key }} as record_id,
        delivered.updated_at,
        delivered._batch,
        delivered._file,
        delivered._line,
        known.record_id is not null as is_known,
        known.known_conversation_no,
        coalesce(known.updated_at > delivered.updated_at, known.updated_at is not null) as is_older_than_known
    from {{ records }} as delivered
    left join {{ entity }}_repeated as repeated
        on {{ key_hash(['delivered.source_system', 'delivered.' ~ key]) }} = repeated.key_hash
    left join {{ entity }}_known as known
        on delivered.source_system = known.source_system and delivered.{{ key }} = known.record_id
    where repeated.key_hash is not null or known.record_id is not null
),

{% endfor -%}
versions as (
    {% for entity in keys -%}
    select * from {{ entity }}_versions
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select
    entity,
    source_system,
    record_id,
    _batch,
    _file,
    _line,
    is_known,
    known_conversation_no,
    is_older_than_known
    or row_number() over (
        partition by entity, source_system, record_id
        order by updated_at desc nulls last, _batch desc, _file desc, _line desc
    ) > 1 as is_superseded
from versions
