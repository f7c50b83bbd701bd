{# Delivered messages, events and ratings affect the conversation that they name now, and the one that they named
   before. #}
-- depends_on: {{ ref('int_delivered_conversations') }}, {{ ref('int_delivered_messages') }}
-- depends_on: {{ ref('int_delivered_events') }}, {{ ref('int_delivered_ratings') }}, {{ ref('int_repeated_records') }}
{% if is_update() -%}
with named as (
    {% for entity in ['conversations', 'messages', 'events', 'ratings'] -%}
    select source_system, conversation_id from {{ ref('int_delivered_' ~ entity) }}
    {% if not loop.last %}union{% endif %}
    {% endfor %}
)

select conversations.conversation_no
from {{ ref('int_conversations') }} as conversations
inner join named
    on
        conversations.source_system = named.source_system
        and conversations.conversation_id = named.conversation_id
union
select known_conversation_no as conversation_no
from {{ ref('int_repeated_records') }}
where known_conversation_no is not null
{%- else -%}
select conversation_no from {{ ref('int_conversations') }} where false
{%- endif %}
