with days as (
    select account_no, source_system, local_date, is_observed, min(starts_at) as starts_at, max(ends_at) as ends_at
    from {{ ref('reporting_days') }}
    group by account_no, source_system, local_date, is_observed
),

{# What follows joins and groups by numbers. #}
periods as (
    select *, dense_rank() over (order by source_system) as source_no
    from days
),

sources as (
    select distinct source_no, source_system, account_no, is_observed
    from periods
),

teams_of_traits as (
    select
        traits.traits_no,
        dense_rank() over (order by traits.source_system, traits.team) as team_no,
        sources.source_no,
        sources.account_no,
        sources.source_system,
        sources.is_observed,
        traits.team
    from {{ ref('reporting_traits') }} as traits
    inner join sources on traits.source_system = sources.source_system
),

teams as (
    select distinct team_no, source_no, account_no, source_system, is_observed, team
    from teams_of_traits
),

open_intervals as (
    select teams.team_no, teams.source_no, intervals.*
    from {{ ref('reporting_open_intervals') }} as intervals
    inner join teams_of_traits as teams on intervals.traits_no = teams.traits_no
),

waits as (
    select teams.team_no, teams.source_no, intervals.*
    from {{ ref('reporting_waiting_intervals') }} as intervals
    inner join teams_of_traits as teams on intervals.traits_no = teams.traits_no
),

{{ backlog_figures(whole_days=true) }}

select
    accounts.account_id,
    periods.source_system,
    teams.team,
    periods.local_date,
    {{ backlog_columns() }}
from periods
inner join teams on periods.source_no = teams.source_no
inner join {{ ref('reporting_accounts') }} as accounts on periods.account_no = accounts.account_no
{% for figures in ['changes_of_periods', 'open_figures', 'waiting_figures'] -%}
left join {{ figures }} on teams.team_no = {{ figures }}.team_no and periods.ends_at = {{ figures }}.ends_at
{% endfor -%}
order by accounts.account_id, periods.source_system, teams.team, periods.local_date
