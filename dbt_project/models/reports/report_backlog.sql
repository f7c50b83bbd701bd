{{ config(parameters=['account', 'first_day', 'last_day', "grain := 'day'"] + report_filters()) }}
{# As in the mart, with the teams of the chosen conversations. #}
with {{ asked_accounts(of_hours=true) }},

{{ chosen_numbers() }},

{{ asked_backlog() }},

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
