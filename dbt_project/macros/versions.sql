{# The version of each record that wins: the greatest updated_at (a missing one is older than any), then the later
   batch, the later file by name, the later line. Only records that came more than once are put in order. #}
{% macro latest_versions(relation, key) %}
with repeated as (
    select source_system, {{ key }}
    from {{ relation }}
    group by source_system, {{ key }}
    having count(*) > 1
),

delivered_once as (
    select versions.*
    from {{ relation }} as versions
    where not exists (
        select 1
        from repeated
        where repeated.source_system = versions.source_system and repeated.{{ key }} = versions.{{ key }}
    )
),

ranked as (
    select
        versions.*,
        row_number() over (
            partition by versions.source_system, versions.{{ key }}
            order by
                versions.updated_at desc nulls last,
                versions._batch desc,
                versions._file desc,
                versions._line desc
        ) as version_rank
    from {{ relation }} as versions
    inner join repeated
        on versions.source_system = repeated.source_system and versions.{{ key }} = repeated.{{ key }}
),

latest_versions as (
    select * from delivered_once
    union all
    select * exclude (version_rank) from ranked where version_rank = 1
)
{% endmacro %}
