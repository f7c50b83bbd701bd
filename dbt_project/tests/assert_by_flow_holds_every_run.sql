-- Detects runs of flows that the mart or the table of the reports lacks or holds more than once, parts that do not add
-- up, and percents that are wrong. A returned row is a flow in such a period.
{{ config(meta={'dagster': {'ref': {'name': 'by_flow'}}}) }}
{% set starts = {
    'day': 'dates.started_date',
    'week': week_start('dates.started_date', 'accounts.week_starts_on'),
    'month': month_start('dates.started_date'),
    'quarter': quarter_start('dates.started_date'),
} %}
with dates as (
    select
        account_id,
        source_system,
        flow_id,
        started_date,
        count(*) as runs,
        {% for status in flow_statuses() -%}
        count(case when status = '{{ status }}' then 1 end) as {{ status }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('int_flow_runs') }}
    where is_counted
    group by account_id, source_system, flow_id, started_date
),

periods as (
    {% for grain, start in starts.items() -%}
    select
        dates.source_system,
        dates.flow_id,
        '{{ grain }}' as grain,
        {{ start }} as period_start,
        {% for column in ['runs'] + flow_statuses() -%}
        sum(dates.{{ column }}) as {{ column }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from dates
    inner join {{ ref('stg_settings__accounts') }} as accounts on dates.account_id = accounts.account_id
    group by dates.source_system, dates.flow_id, {{ start }}
    {% if not loop.last %}union all{% endif %}
    {% endfor -%}
),

reported as (
    select flows.source_system, flows.flow_id, runs.started_date, count(*) as runs
    from {{ ref('reporting_flow_runs') }} as runs
    inner join {{ ref('reporting_flows') }} as flows on runs.flow_no = flows.flow_no
    group by flows.source_system, flows.flow_id, runs.started_date
)

select
    coalesce(periods.source_system, by_flow.source_system) as source_system,
    coalesce(periods.flow_id, by_flow.flow_id) as flow_id,
    coalesce(periods.period_start, by_flow.period_start) as period_start
from periods
full outer join {{ ref('by_flow') }} as by_flow
    on
        periods.source_system = by_flow.source_system
        and periods.flow_id = by_flow.flow_id
        and periods.grain = by_flow.grain
        and periods.period_start = by_flow.period_start
where
    {% for column in ['runs'] + flow_statuses() -%}
    periods.{{ column }} is distinct from by_flow.{{ column }}
    or {% endfor -%}
    by_flow.runs <> by_flow.{{ flow_statuses() | join(' + by_flow.') }}
    or greatest(by_flow.contacts, by_flow.conversations) > by_flow.runs
    or least(by_flow.contacts, by_flow.conversations) < 0
    or (by_flow.completed_percent is null) <> (by_flow.runs = by_flow.ongoing)
    or abs(by_flow.completed_percent * (by_flow.runs - by_flow.ongoing) - 100 * by_flow.completed) > 0.001
union all
select
    coalesce(dates.source_system, reported.source_system) as source_system,
    coalesce(dates.flow_id, reported.flow_id) as flow_id,
    coalesce(dates.started_date, reported.started_date) as period_start
from dates
full outer join reported
    on
        dates.source_system = reported.source_system
        and dates.flow_id = reported.flow_id
        and dates.started_date = reported.started_date
where dates.runs is distinct from reported.runs
