-- Detects surrogate keys that stand for two natural ones, whose figures would be added up.
-- A returned row is such a key.
{{ config(meta={'dagster': {'ref': {'name': 'int_conversations'}}}) }}
with keys as (
    select 'conversation' as entity, conversation_key as surrogate_key, source_system, conversation_id as natural_key
    from {{ ref('int_conversations') }}
    union all
    select distinct 'contact' as entity, contact_key as surrogate_key, source_system, contact_id as natural_key
    from {{ ref('int_conversations') }}
    where contact_key is not null
    union all
    select 'agent' as entity, agent_key as surrogate_key, source_system, agent_id as natural_key
    from {{ ref('int_agent_keys') }}
    union all
    select distinct 'flow' as entity, flow_key as surrogate_key, source_system, flow_id as natural_key
    from {{ ref('int_flow_runs') }}
    union all
    select 'tag set' as entity, tag_set_key as surrogate_key, null as source_system, null as natural_key
    from {{ ref('int_tag_sets') }}
    union all
    select 'team and channel' as entity, team_channel_key as surrogate_key, null as source_system, null as natural_key
    from {{ ref('int_team_channels') }}
)

select entity, surrogate_key
from keys
group by entity, surrogate_key
having count(*) > 1
