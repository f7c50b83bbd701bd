with counted as (
    select
        targets.account_id,
        targets.target,
        facts.team_channel_key,
        facts.started_date,
        {{ target_aggregates() }}
    from {{ ref('int_target_outcomes') }} as outcomes
    inner join {{ ref('int_targets') }} as targets on outcomes.target_no = targets.target_no
    inner join {{ ref('int_conversation_facts') }} as facts on outcomes.conversation_key = facts.conversation_key
    group by targets.account_id, targets.target, facts.team_channel_key, facts.started_date
),

units as (
    select
        periods_of_date.period_key,
        counted.target,
        names.team,
        {{ target_aggregates() }}
    from counted
    inner join {{ ref('int_team_channels') }} as names on counted.team_channel_key = names.team_channel_key
    {{ join_periods('counted.account_id', 'counted.started_date') }}
    group by periods_of_date.period_key, counted.target, names.team
)

select
    periods.account_id,
    periods.grain,
    periods.period_start,
    periods.period_end,
    periods.is_complete,
    units.target,
    units.team,
    {{ target_columns('units') }}
from units
inner join {{ ref('int_periods') }} as periods on units.period_key = periods.period_key
order by periods.account_id, periods.grain, periods.period_start, units.target, units.team
