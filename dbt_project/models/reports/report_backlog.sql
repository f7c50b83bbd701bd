{{ config(parameters=['account', 'first_day', 'last_day', "grain := 'day'"] + report_filters()) }}
{# As in the mart, with the teams of the chosen conversations. An hour is one of the wall clock, of one offset from UTC:
   one that is shown twice comes twice. #}
with {{ asked_accounts(of_hours=true) }},

{{ chosen_numbers() }},

asked_days as (
    select days.*, dense_rank() over (order by days.source_system) as source_no
    from {{ published('reporting_days') }} as days
    inner join asked_accounts as accounts on days.account_no = accounts.account_no
    where days.local_date between accounts.range_start and accounts.range_last
),

hours as (
    select
        asked_days.source_no,
        asked_days.local_date,
        greatest(
            asked_days.starts_at,
            {{ zoned(plus_seconds(
                'cast(asked_days.local_date as timestamp)', 'hours.hour * 3600 - asked_days.utc_offset_seconds'
            )) }}
        ) as starts_at,
        least(
            asked_days.ends_at,
            {{ zoned(plus_seconds(
                'cast(asked_days.local_date as timestamp)',
                '(hours.hour + 1) * 3600 - asked_days.utc_offset_seconds'
            )) }}
        ) as ends_at
    from asked_days
    cross join (select {{ number_series(24) }} as hour) as hours
),

periods as (
    select source_no, local_date, starts_at, ends_at, starts_at as hour_start
    from hours
    where grain = 'hour' and starts_at < ends_at
    union all
    select
        source_no,
        local_date,
        min(starts_at) as starts_at,
        max(ends_at) as ends_at,
        cast(null as timestamptz) as hour_start
    from asked_days
    where grain = 'day'
    group by source_no, local_date
),

sources as (
    select distinct source_no, source_system, is_observed
    from asked_days
),

teams_of_traits as (
    select
        traits.traits_no,
        dense_rank() over (order by traits.source_system, traits.team) as team_no,
        sources.source_no,
        traits.account_no,
        sources.source_system,
        sources.is_observed,
        traits.team
    from {{ published('reporting_traits') }} as traits
    inner join sources on traits.source_system = sources.source_system
),

teams as (
    select distinct
        teams.team_no,
        teams.source_no,
        teams.account_no,
        teams.source_system,
        teams.is_observed,
        teams.team
    from {{ published('reporting_conversations') }} as facts
    {{ join_traits('facts') }}
    inner join teams_of_traits as teams on facts.traits_no = teams.traits_no
    where {{ is_chosen('facts') }}
),

open_intervals as (
    select teams.team_no, teams.source_no, intervals.*
    from {{ published('reporting_open_intervals') }} as intervals
    {{ join_traits('intervals') }}
    inner join teams_of_traits as teams on intervals.traits_no = teams.traits_no
    where {{ is_chosen('intervals') }}
),

waits as (
    select teams.team_no, teams.source_no, intervals.*
    from {{ published('reporting_waiting_intervals') }} as intervals
    {{ join_traits('intervals') }}
    inner join teams_of_traits as teams on intervals.traits_no = teams.traits_no
    where {{ is_chosen('intervals') }}
),

{{ backlog_figures(whole_days=false) }}

select
    accounts.account_id,
    teams.source_system,
    teams.team,
    periods.local_date,
    periods.hour_start,
    {{ backlog_columns() }}
from periods
inner join teams on periods.source_no = teams.source_no
inner join asked_accounts as accounts on teams.account_no = accounts.account_no
{% for figures in ['changes_of_periods', 'open_figures', 'waiting_figures'] -%}
left join {{ figures }} on teams.team_no = {{ figures }}.team_no and periods.ends_at = {{ figures }}.ends_at
{% endfor -%}
order by accounts.account_id, teams.source_system, teams.team, periods.ends_at
