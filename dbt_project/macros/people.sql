{# Who stood in records that no longer say it: CTEs, the last of which is `kept_people`. When Chatwoot deletes an agent it
   empties the sender of her messages and the assignee of her conversations; what was known of them stays known.

   `versions`: a CTE of ranked versions with `person_id` and `person_kind`. A record is emptied by the first version
   without a person after the last one with a person. That is a deletion when the person is gone from the list of agents
   in a reading from then on, up to the reading `until`: `last_batch`, where nothing else empties a record, or
   `next_batch`, the one after it was seen empty. A reading lists the agents first, so she may be deleted between its
   list and the record; but who is still listed by the next has lost it otherwise. Bots have no list: only a deletion
   takes them out. #}
{% macro kept_people(versions, key, until) -%}
readings as (
    select
        source_system,
        _batch,
        coalesce(lead(_batch) over (partition by source_system order by _batch), _batch) as next_batch,
        max(_batch) over (partition by source_system) as last_batch
    from (select distinct source_system, _batch from {{ source('chatwoot', 'pulls') }}) as pulls
),

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

emptied as (
    select last_known.*, readings.{{ until }} as until_batch
    from last_known
    inner join {{ versions }} as without_person
        on
            last_known.source_system = without_person.source_system
            and last_known.{{ key }} = without_person.{{ key }}
            and last_known.known_rank - 1 = without_person.version_rank
    inner join readings
        on without_person.source_system = readings.source_system and without_person._batch = readings._batch
),

listed_agents as (
    select distinct source_system, agent_id, _batch
    from {{ source('chatwoot', 'agents') }}
),

gone_agents as (
    select agents.source_system, agents.person_id, agents._batch, agents.until_batch, min(readings._batch) as gone_batch
    from (
        select distinct source_system, person_id, _batch, until_batch
        from emptied
        where person_kind = 'user'
    ) as agents
    inner join readings
        on
            agents.source_system = readings.source_system
            and readings._batch between agents._batch and agents.until_batch
    left join listed_agents
        on
            readings.source_system = listed_agents.source_system
            and readings._batch = listed_agents._batch
            and agents.person_id = listed_agents.agent_id
    where listed_agents.agent_id is null
    group by agents.source_system, agents.person_id, agents._batch, agents.until_batch
),

kept_people as (
    select emptied.*, gone_agents.gone_batch
    from emptied
    left join gone_agents
        on
            emptied.person_kind = 'user'
            and emptied.source_system = gone_agents.source_system
            and emptied.person_id = gone_agents.person_id
            and emptied._batch = gone_agents._batch
            and emptied.until_batch = gone_agents.until_batch
    where gone_agents.gone_batch is not null or emptied.person_kind <> 'user'
)
{%- endmacro %}
