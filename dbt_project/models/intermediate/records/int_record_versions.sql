{# A record that came once has one version, which counts. Only those whose key came more than once are looked at
   closely: keys that share a hash by chance are separated when their versions are ordered. #}
{% set keys = record_keys() %}
with {% for entity, key in keys.items() -%}
{% set records = ref('int_' ~ entity ~ '__unioned') -%}
{{ entity }}_repeated as (
    select {{ surrogate_key(['source_system', key]) }} as record_key
    from {{ records }}
    group by {{ surrogate_key(['source_system', key]) }}
    having count(*) > 1
),

{{ entity }}_versions as (
    select
        '{{ entity }}' as entity,
        records.source_system,
        records.{{ key }} as record_id,
        {% if 'conversation_id' in common_columns()[entity] -%}
        records.conversation_id,
        {%- else -%}
        cast(null as string) as conversation_id,
        {%- endif %}
        records.updated_at,
        records._batch,
        records._file,
        records._line
    from {{ records }} as records
    inner join {{ entity }}_repeated as repeated
        on {{ surrogate_key(['records.source_system', 'records.' ~ key]) }} = repeated.record_key
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
    conversation_id,
    _batch,
    _file,
    _line,
    row_number() over (
        partition by entity, source_system, record_id
        order by updated_at desc nulls last, _batch desc, _file desc, _line desc
    ) > 1 as is_superseded
from versions
