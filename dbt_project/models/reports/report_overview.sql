{{ config(parameters=['account', 'first_day', 'last_day', "grain := 'day'"] + report_filters()) }}
with {{ asked_periods() }},

{{ chosen_numbers() }},

{{ figures_of_periods() }}

select
    accounts.account_id,
    periods.grain,
    periods.period_start,
    periods.period_end,
    {{ is_complete('periods.period_end', 'accounts.data_through') }} as is_complete,
    {{ measure_columns() }}
from {{ published('reporting_accounts') }} as accounts
cross join asked_periods as periods
left join conversations on periods.period_start = conversations.period_start
left join messages on periods.period_start = messages.period_start
where {{ is_of_account('accounts.account_id') }}
order by periods.period_start
