{# What names its flow by a name alone has that for an id; what names none is no run of any flow. #}
with named as (
    select
        *,
        coalesce(flow_name, execution_flow_name) as known_name
    from {{ ref('base_activecampaign__executions') }}
)

select
    -- ids
    source_system,
    execution_id as flow_run_id,
    coalesce(flow_id, known_name) as flow_id,
    known_name as flow_name,
    contact_id,
    conversation_id,

    -- text
    cast(null as string) as direction,
    status_word,

    -- instants
    started_at,
    cast(null as timestamp) as ended_at,

    -- versions
    is_test,
    false as is_deleted,
    cast(null as timestamp) as updated_at,
    _batch,
    _file,
    _line
from named
where coalesce(flow_id, known_name) is not null
