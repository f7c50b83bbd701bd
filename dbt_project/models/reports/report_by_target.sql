{{ config(parameters=['account', 'first_day', 'last_day', "grain := 'day'"] + report_filters()) }}
with {{ asked_accounts() }},

{{ asked_periods() }},

{{ chosen_numbers() }},

units as (
    select
        chosen_traits.account_no,
        {{ period_start('chosen_traits') }} as period_start,
        counted.target,
        traits.team,
        {{ target_aggregates() }}
    from {{ published('reporting_targets') }} as counted
    inner join {{ published('reporting_traits') }} as traits on counted.traits_no = traits.traits_no
    {{ join_chosen('counted', 'started_date') }}
    group by all
)

select
    accounts.account_id,
    {{ period_columns() }},
    units.target,
    units.team,
    {{ target_columns('units') }}
from units
inner join asked_accounts as accounts on units.account_no = accounts.account_no
inner join asked_periods as periods
    on units.account_no = periods.account_no and units.period_start = periods.period_start
order by accounts.account_id, periods.period_start, units.target, units.team
