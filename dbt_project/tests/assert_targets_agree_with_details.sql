-- Detects days of a target whose units are fewer than the conversations that details shows it of, or others than what
-- the reports for any filter count. A returned row is such a day of a target of an account.
{{ config(meta={'dagster': {'ref': {'name': 'by_target'}}}) }}
with listed as (
    select account_id, started_date, {{ each_of('targets_missed') }} as target, 1 as is_missed
    from {{ ref('details') }}
    union all
    select account_id, started_date, {{ each_of('targets_met') }} as target, 0 as is_missed
    from {{ ref('details') }}
),

conversations as (
    select
        account_id,
        started_date,
        target,
        sum(is_missed) as missing,
        sum(1 - is_missed) as meeting
    from listed
    group by account_id, started_date, target
),

days as (
    select account_id, period_start as started_date, target, {{ target_aggregates() }}
    from {{ ref('by_target') }}
    where grain = 'day'
    group by account_id, period_start, target
),

counted as (
    select
        agents.account_id,
        targets.started_date,
        targets.target,
        {{ target_aggregates() }}
    from {{ ref('reporting_targets') }} as targets
    inner join {{ ref('reporting_agents') }} as agents on targets.agent_no = agents.agent_no
    group by agents.account_id, targets.started_date, targets.target
)

select
    coalesce(days.account_id, conversations.account_id) as account_id,
    coalesce(days.started_date, conversations.started_date) as started_date,
    coalesce(days.target, conversations.target) as target
from days
full outer join conversations
    on
        days.account_id = conversations.account_id
        and days.started_date = conversations.started_date
        and days.target = conversations.target
left join counted
    on
        days.account_id = counted.account_id
        and days.started_date = counted.started_date
        and days.target = counted.target
where
    days.account_id is null
    or days.missed < coalesce(conversations.missing, 0)
    or days.met < coalesce(conversations.meeting, 0)
    or (days.missed > 0) <> (coalesce(conversations.missing, 0) > 0)
    or days.met <> coalesce(counted.met, 0)
    or days.missed <> coalesce(counted.missed, 0)
    or days.pending <> coalesce(counted.pending, 0)
