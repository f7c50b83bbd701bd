{{ config(materialized='incremental', incremental_strategy='append') }}
{# Whoever is named as an assignee or a sender, known in `agents` or not. Numbers tell sources apart too. #}
with named as (
    select source_system, agent_id from {{ ref('int_delivered_agents') }}
    union
    select source_system, agent_id from {{ ref('int_delivered_conversations') }} where agent_id is not null
    union
    select source_system, agent_id
    from {{ ref('int_delivered_messages') }}
    where agent_id is not null and sender_type = 'agent'
)

select
    sources.source_no,
    named.source_system,
    named.agent_id,
    {% if is_update() -%}
    (select coalesce(max(agent_no), 0) from {{ this }}) +
    {%- endif %} {{ row_numbers() }} as agent_no
from named
inner join {{ source('settings', 'sources') }} as sources on named.source_system = sources.source_system
{% if is_update() -%}
left join {{ this }} as numbered
    on named.source_system = numbered.source_system and named.agent_id = numbered.agent_id
where numbered.agent_id is null
{%- endif %}
