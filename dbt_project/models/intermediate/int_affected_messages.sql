{# In an update: the messages of the affected conversations, found once for all models that make these anew. #}
-- depends_on: {{ ref('int_affected_conversations') }}
select
    conversation_no,
    source_no,
    message_id,
    sent_at,
    agent_no,
    kind
from {{ ref('int_messages') }}
{% if is_update() -%}
where conversation_no is not null and {{ is_affected('conversation_no') }}
{%- else -%}
where false
{%- endif %}
