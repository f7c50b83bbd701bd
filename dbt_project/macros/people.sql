{# Who stood in records that no longer say it: CTEs, the last of which is `kept_people`. When Chatwoot deletes an agent it
   empties the sender of her messages and the assignee of her conversations; what was known of them stays known.

   `versions`: a CTE of ranked versions with `person_id` and `person_kind`. The first version without a person empties
   a record. It is a deletion when a reading lists the agents without her: the last one that knew her, or a later one.
   No list has bots: only a deletion empties their records. #}
{% macro kept_people(versions, key) -%}
last_known as (
    select *
    from (
        select
            *,
            min(case when person_id is not null then version_rank end)
                over (partition by source_system, {{ key }})
            as known_rank
        from {{ versions }}
    ) as ranked_people
    where version_rank = known_rank and known_rank > 1
),

listed_agents as (
    select distinct source_system, agent_id, _batch
    from {{ source('chatwoot', 'agents') }}
),

gone_agents as (
    select known_agents.source_system, known_agents.person_id, known_agents._batch, min(readings._batch) as gone_batch
    from (select distinct source_system, person_id, _batch from last_known where person_kind = 'user') as known_agents
    inner join {{ source('chatwoot', 'pulls') }} as readings
        on known_agents.source_system = readings.source_system and known_agents._batch <= readings._batch
    left join listed_agents
        on
            readings.source_system = listed_agents.source_system
            and readings._batch = listed_agents._batch
            and known_agents.person_id = listed_agents.agent_id
    where listed_agents.agent_id is null
    group by known_agents.source_system, known_agents.person_id, known_agents._batch
),

kept_people as (
    select last_known.*, gone_agents.gone_batch
    from last_known
    left join gone_agents
        on
            last_known.person_kind = 'user'
            and last_known.source_system = gone_agents.source_system
            and last_known.person_id = gone_agents.person_id
            and last_known._batch = gone_agents._batch
    where gone_agents.gone_batch is not null or last_known.person_kind <> 'user'
)
{%- endmacro %}
