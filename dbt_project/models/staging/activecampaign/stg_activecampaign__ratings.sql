{# A run of a flow that asks for a rating is a survey sent. #}
select
    executions.source_system,
    executions.execution_id as rating_id,
    -- without a conversation it is an orphan
    coalesce(executions.conversation_id, executions.contact_id) as conversation_id,
    cast(null as integer) as rating,
    cast(null as string) as rating_comment,
    cast(null as timestamp) as answered_at,

    -- versions
    cast(null as timestamp) as updated_at,
    executions._batch,
    executions._file,
    executions._line
from {{ ref('base_activecampaign__executions') }} as executions
where
    not executions.is_test
    and (
        coalesce(executions.trigger_word, '') like '%csat%'
        or exists (
            select 1
            from {{ source('settings', 'csat_flows') }} as flows
            where
                flows.source_system = executions.source_system
                and flows.flow in (executions.flow_id, executions.flow_name, executions.execution_flow_name)
        )
    )
