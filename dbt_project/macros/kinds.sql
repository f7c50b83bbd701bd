{# The kinds of sources, and what each delivers: raw keeps one schema a kind, with one relation an entity. #}

{# The entities of raw by kind, each with the column that quarantine names a record by. #}
{% macro raw_entities() -%}
{{ return({
    'export': record_keys(),
    'chatwoot': {
        'conversations': 'conversation_id',
        'messages': 'message_id',
        'contacts': 'contact_id',
        'labels': 'contact_id',
        'agents': 'agent_id',
        'teams': 'team_id',
        'inboxes': 'inbox_id',
        'ratings': 'response_id',
        'events': 'conversation_id',
        'unread': 'conversation_id',
        'pulls': 'pull_id',
    },
    'activecampaign': {
        'conversations': 'conversation_id',
        'contacts': 'contact_id',
        'members': 'agent_id',
        'executions': 'execution_id',
        'pulls': 'pull_id',
    },
    'meta_webhooks': {
        'messages': 'message_id',
        'statuses': 'message_id',
        'users': 'user_id',
        'numbers': 'old_number',
        'others': 'kind',
    },
}) }}
{%- endmacro %}

{# The entity of raw whose records are another system's, or nobody's that we know: they are counted, and set aside. #}
{% macro set_aside_entity() -%} others {%- endmacro %}

{# Whether the build has sources of a kind; the models of the others are not run. Whoever starts dbt says which kinds
   there are: not every engine lists its relations, and none may be left out in silence. #}
{% macro has_kind(kind) -%}
{{ return(not execute or kind == 'export' or kind in env_var('CAUSERIE_KINDS').split()) }}
{%- endmacro %}

{# The model that holds an entity of a kind in the common vocabulary; empty where the kind has none. ActiveCampaign's
   messages and those of the archive of webhooks, which has nothing else, are put together first. #}
{% macro common_model(kind, entity) -%}
{%- if entity == 'messages' and kind in ['activecampaign', 'meta_webhooks'] -%} int_whatsapp_messages
{%- elif kind != 'meta_webhooks' -%} stg_{{ kind }}__{{ entity }}
{%- endif -%}
{%- endmacro %}

{# What all sources delivered of an entity, in the common vocabulary. #}
{% macro unioned(entity) -%}
{%- set models = [] -%}
{%- for kind in raw_entities() if has_kind(kind) -%} {%- do models.append(common_model(kind, entity) | trim) -%} {%- endfor -%}
{% for model in models | select | unique -%}
select {{ common_columns()[entity] | join(', ') }} from {{ ref(model) }}
{% if not loop.last %}union all
{% endif %}
{%- endfor %}
{%- endmacro %}

{# The columns of the common vocabulary; every staging model of an entity has these, in these types: instants as naive
   timestamps in UTC. #}
{% macro common_columns() -%}
{%- set places = ['updated_at', '_batch', '_file', '_line'] -%}
{{ return({
    'conversations': ['source_system', 'conversation_id', 'contact_id', 'agent_id', 'channel', 'team', 'source_raw',
        'source_word', 'status_word', 'delivered_tags', 'started_at', 'closed_at', 'is_deleted'] + places,
    'messages': ['source_system', 'message_id', 'conversation_id', 'agent_id', 'direction', 'sender_type', 'origin',
        'message_type', 'status_word', 'sent_at', 'is_private', 'is_deleted'] + places,
    'contacts': ['source_system', 'contact_id', 'contact_name', 'contact_phone', 'delivered_tags', 'is_deleted']
        + places,
    'agents': ['source_system', 'agent_id', 'agent_name', 'agent_email'] + places,
    'events': ['source_system', 'event_id', 'conversation_id', 'event_type', 'occurred_at'] + places,
    'ratings': ['source_system', 'rating_id', 'conversation_id', 'rating', 'rating_comment', 'answered_at'] + places,
    'flow_runs': ['source_system', 'flow_run_id', 'flow_id', 'flow_name', 'contact_id', 'conversation_id', 'direction',
        'status_word', 'started_at', 'ended_at', 'is_test', 'is_deleted'] + places,
}) }}
{%- endmacro %}

{# A relation without rows, of columns and their types. #}
{% macro no_rows(columns) -%}
select
    {% for column, type in columns.items() -%}
    cast(null as {{ type }}) as {{ column }}{% if not loop.last %},{% endif %}
    {% endfor -%}
where false
{%- endmacro %}
