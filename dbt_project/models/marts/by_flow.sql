with runs_of_periods as (
    select periods_of_date.period_key, runs.flow_key, runs.status, runs.contact_key, facts.conversation_key
    from {{ ref('int_flow_runs') }} as runs
    {{ join_periods('runs.account_id', 'runs.started_date') }}
    -- a run stays when its conversation is unknown or deleted: it is then of none
    left join {{ ref('int_conversation_facts') }} as facts on runs.conversation_key = facts.conversation_key
    where runs.is_counted
),

figures as (
    select flow_key, period_key, {{ flow_run_aggregates() }}
    from runs_of_periods
    group by flow_key, period_key
)

select
    periods.account_id,
    periods.grain,
    periods.period_start,
    periods.period_end,
    periods.is_complete,
    flows.source_system,
    flows.flow_id,
    flows.flow_name,
    {{ flow_run_columns('figures') }}
from figures
inner join {{ ref('int_flows') }} as flows on figures.flow_key = flows.flow_key
inner join {{ ref('int_periods') }} as periods on figures.period_key = periods.period_key
order by periods.account_id, periods.grain, periods.period_start, flows.source_system, flows.flow_id
