{{ config(parameters=['account', 'first_day', 'last_day', "grain := 'day'"] + report_filters()) }}
{# Runs outside of the active dates count, too. A run of no known conversation has nothing that filters ask but its
   source. #}
with {{ asked_accounts() }},

{{ asked_periods('first_known_date', 'last_known_date') }},

{{ chosen_numbers() }},

figures as (
    select
        flows.flow_no,
        {{ period_start('accounts') }} as period_start,
        {{ flow_run_aggregates() }}
    from {{ published('reporting_flow_runs') }} as runs
    inner join {{ published('reporting_flows') }} as flows on runs.flow_no = flows.flow_no
    inner join asked_accounts as accounts on flows.account_no = accounts.account_no
    inner join periods_of_dates on runs.started_date = periods_of_dates.local_date
    where
        {{ matches_any('source_systems', '[flows.source_system]') }}
        and (
            runs.traits_no in (select chosen.traits_no from chosen_traits as chosen)
            and {{ is_chosen('runs') | indent }}
            or runs.traits_no is null and {{ only_filtered_by('source_systems') }}
        )
    group by all
)

select
    accounts.account_id,
    {{ period_columns() }},
    flows.source_system,
    flows.flow_id,
    flows.flow_name,
    {{ flow_run_columns('figures') }}
from figures
inner join {{ published('reporting_flows') }} as flows on figures.flow_no = flows.flow_no
inner join asked_accounts as accounts on flows.account_no = accounts.account_no
inner join asked_periods as periods
    on accounts.account_no = periods.account_no and figures.period_start = periods.period_start
order by accounts.account_id, periods.period_start, flows.source_system, flows.flow_id
