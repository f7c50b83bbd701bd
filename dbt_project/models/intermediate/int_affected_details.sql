{# In an update: the affected conversations, and those of which a name is shown that was delivered or has changed. #}
-- depends_on: {{ ref('int_affected_conversations') }}, {{ ref('int_renamed_agents') }}
-- depends_on: {{ ref('int_delivered_contacts') }}
select
    conversations.conversation_no,
    conversations.source_system,
    conversations.conversation_id,
    conversations.contact_id
from {{ ref('int_conversations') }} as conversations
{% if is_update() -%}
where
    {{ is_affected('conversations.conversation_no') }}
    or (conversations.source_system, conversations.contact_id) in (
        select contacts.source_system, contacts.contact_id from {{ ref('int_delivered_contacts') }} as contacts
    )
    or (conversations.source_no, conversations.agent_id) in (
        select agents.source_no, agents.agent_id from {{ ref('int_renamed_agents') }} as agents
    )
{%- else -%}
where false
{%- endif %}
