{{ config(parameters=['account', 'first_day', 'last_day'] + report_filters()) }}
{# Whole months are compared with whole months of the year before, so that February has all its days. #}
with asked_periods as (
    select
        1 as period_no,
        'period' as compared,
        {{ asked('first_day') }} as first_date,
        {{ asked('last_day') }} as last_date
    union all
    select
        2 as period_no,
        'period_before' as compared,
        {{ plus_days(asked('first_day'), '(' ~ asked('first_day') ~ ' - ' ~ asked('last_day') ~ ') - 1') }} as first_date,
        {{ plus_days(asked('first_day'), -1) }} as last_date
    union all
    select
        3 as period_no,
        'year_before' as compared,
        {{ year_before(asked('first_day')) }} as first_date,
        case
            when {{ month_start(asked('first_day')) }} = {{ asked('first_day') }}
                and {{ next_month(asked('last_day')) }} = {{ plus_days(asked('last_day'), 1) }}
                then {{ plus_days(year_before(plus_days(asked('last_day'), 1)), -1) }}
            else {{ year_before(asked('last_day')) }}
        end as last_date
),

periods_of_dates as (
    select
        periods.period_no,
        {{ day_series(
            'greatest(accounts.first_date, periods.first_date)', 'least(accounts.last_date, periods.last_date)'
        ) }} as local_date
    from asked_periods as periods
    inner join {{ published('reporting_accounts') }} as accounts on accounts.account_id = account
    where accounts.first_date is not null and periods.first_date <= periods.last_date
),

{{ chosen_numbers() }},

{{ figures_of_periods('period_no') }}

select
    accounts.account_id,
    periods.compared,
    periods.first_date as period_start,
    {{ plus_days('periods.last_date', 1) }} as period_end,
    {{ is_complete(plus_days('periods.last_date', 1), 'accounts.data_through') }} as is_complete,
    {{ measure_columns() }}
from {{ published('reporting_accounts') }} as accounts
cross join asked_periods as periods
left join conversations on periods.period_no = conversations.period_no
left join messages on periods.period_no = messages.period_no
where accounts.account_id = account and periods.first_date <= periods.last_date
order by periods.period_no
