{# Delivered messages, events and ratings affect the conversation that they name now, and the one that they named
   before. Reads the models of these as the build before left them. #}
-- depends_on: {{ ref('stg_export__conversations') }}, {{ ref('stg_export__messages') }}
-- depends_on: {{ ref('stg_export__events') }}, {{ ref('stg_export__ratings') }}
{% set hanging = {'messages': 'message_id', 'events': 'event_id', 'ratings': 'rating_id'} %}
{% if is_update() -%}
with named as (
    select source_system, conversation_id from {{ ref('stg_export__conversations') }}
    {% for entity in hanging -%}
    union
    select source_system, conversation_id from {{ ref('stg_export__' ~ entity) }}
    {% endfor %}
),

affected as (
    select conversations.conversation_no
    from {{ ref('int_conversations') }} as conversations
    inner join named
        on
            conversations.source_system = named.source_system
            and conversations.conversation_id = named.conversation_id
    {% for entity, key in hanging.items() -%}
    union
    select in_force.conversation_no
    from {{ before_update('int_' ~ entity) }} as in_force
    inner join {{ source('settings', 'sources') }} as sources on in_force.source_no = sources.source_no
    inner join {{ ref('stg_export__' ~ entity) }} as delivered
        on sources.source_system = delivered.source_system and in_force.{{ key }} = delivered.{{ key }}
    where in_force.conversation_no is not null
    {% endfor %}
)

select conversation_no from affected
{%- else -%}
select conversation_no from {{ ref('int_conversations') }} where false
{%- endif %}
