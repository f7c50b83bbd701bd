{# What changed between two snapshots, at the instant of the later one. #}
{% set changes = {
    'closed': 'is_closing and snapshot_no > 1',
    'reopened': 'is_reopening',
    'assigned': 'is_assignment',
    'tagged': 'is_tagging',
} %}
with changes as (
    {% for event_type, condition in changes.items() -%}
    select source_system, conversation_id, '{{ event_type }}' as event_type, snapshot_at, _batch, _file, _line
    from {{ ref('base_activecampaign__conversations') }}
    where {{ condition }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select
    source_system,
    conversation_id || '-' || event_type || '-' || _batch as event_id,
    conversation_id,
    event_type,
    snapshot_at as occurred_at,

    -- versions
    cast(null as timestamp) as updated_at,
    _batch,
    _file,
    _line
from changes
