{{ config(parameters=['account', 'first_day', 'last_day'] + report_filters()) }}
{# Whole months are compared with whole months of the year before, so that February has all its days. #}
{% set first, last, next = asked('first_day'), asked('last_day'), plus_days(asked('last_day'), 1) %}
{% set are_months = month_start(first) ~ ' = ' ~ first ~ ' and ' ~ next_month(last) ~ ' = ' ~ next %}
with asked_periods as (
    select
        1 as period_key,
        'period' as compared,
        {{ first }} as first_date,
        {{ last }} as last_date
    union all
    select
        2 as period_key,
        'period_before' as compared,
        {{ plus_days(first, '(' ~ first ~ ' - ' ~ last ~ ') - 1') }} as first_date,
        {{ plus_days(first, -1) }} as last_date
    union all
    select
        3 as period_key,
        'year_before' as compared,
        {{ year_before(first) }} as first_date,
        case
            when {{ are_months }} then {{ plus_days(year_before(next), -1) }}
            else {{ year_before(last) }}
        end as last_date
),

periods_of_dates as (
    select
        periods.period_key,
        {{ day_series(
            'greatest(accounts.first_date, periods.first_date)', 'least(accounts.last_date, periods.last_date)'
        ) }} as local_date
    from asked_periods as periods
    inner join {{ published('reporting_accounts') }} as accounts on {{ is_of_account('accounts.account_id') }}
    where accounts.first_date is not null and periods.first_date <= periods.last_date
),

{{ chosen_numbers() }},

{{ figures_of_periods('period_key') }}

select
    accounts.account_id,
    periods.compared,
    periods.first_date as period_start,
    {{ plus_days('periods.last_date', 1) }} as period_end,
    {{ is_complete(plus_days('periods.last_date', 1), 'accounts.data_through') }} as is_complete,
    {{ measure_columns() }}
from {{ published('reporting_accounts') }} as accounts
cross join asked_periods as periods
left join conversations on periods.period_key = conversations.period_key
left join messages on periods.period_key = messages.period_key
where {{ is_of_account('accounts.account_id') }} and periods.first_date <= periods.last_date
order by periods.period_key
