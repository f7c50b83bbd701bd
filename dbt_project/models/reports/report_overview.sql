{{ config(parameters=['account', 'first_day', 'last_day', "grain := 'day'"] + report_filters()) }}
with {{ asked_accounts() }},

{{ asked_periods() }},

{{ chosen_numbers() }},

{{ figures_of_periods('period_start', period_start('chosen_traits')) }}

select
    accounts.account_id,
    {{ period_columns() }},
    {{ measure_columns() }}
from asked_periods as periods
inner join asked_accounts as accounts on periods.account_no = accounts.account_no
left join conversations
    on periods.account_no = conversations.account_no and periods.period_start = conversations.period_start
left join messages on periods.account_no = messages.account_no and periods.period_start = messages.period_start
order by accounts.account_id, periods.period_start
