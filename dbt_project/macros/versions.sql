{# Which version of a record wins: the greatest updated_at (a missing one is older than any), then the later batch, the
   later file by name, the later line. `int_record_versions` says which versions lose; here is what the models of the
   entities do with it. #}

{# The key of each entity. #}
{% macro record_keys() -%}
{{ return({
    'conversations': 'conversation_id',
    'messages': 'message_id',
    'contacts': 'contact_id',
    'agents': 'agent_id',
    'events': 'event_id',
    'ratings': 'rating_id',
    'flow_runs': 'flow_run_id',
}) }}
{%- endmacro %}

{# The version of each record that counts; in an incremental model, of the affected conversations. CTEs, the last of which
   is `latest_versions`. #}
{% macro latest_versions(entity) -%}
{%- set places = ['source_system', '_batch', '_file', '_line'] -%}
superseded as (
    select {{ places | join(', ') }}
    from {{ ref('int_record_versions') }}
    where entity = '{{ entity }}' and is_superseded
),

latest_versions as (
    select sources.source_key, sources.account_id, versions.*
    from {{ ref('int_' ~ entity ~ '__unioned') }} as versions
    inner join {{ ref('stg_settings__sources') }} as sources on versions.source_system = sources.source_system
    left join superseded
        on
            {% for place in places -%}
            versions.{{ place }} = superseded.{{ place }}
            {% if not loop.last %}and {% endif %}
            {%- endfor %}
    where
        superseded.source_system is null
        {% if 'conversation_id' in common_columns()[entity] -%}
        and {{ is_affected(surrogate_key(['versions.source_system', 'versions.conversation_id'])) }}
        {%- endif %}
)
{%- endmacro %}
