{{ config(parameters=['account', 'first_day', 'last_day'] + report_filters()) }}
{# Whole months are compared with whole months of the year before, so that February has all its days. #}
{% set next = plus_days('range_last', 1) %}
{% set are_months = month_start('range_start') ~ ' = range_start and ' ~ next_month('range_last') ~ ' = ' ~ next %}
with {{ asked_accounts(has_grain=false) }},

active_range as (
    select min(first_date) as first_date, max(last_date) as last_date
    from asked_accounts
),

asked_periods as (
    select
        1 as period_key,
        'period' as compared,
        range_start as first_date,
        range_last as last_date
    from asked
    union all
    select
        2 as period_key,
        'period_before' as compared,
        {{ plus_days('range_start', '(range_start - range_last) - 1') }} as first_date,
        {{ plus_days('range_start', -1) }} as last_date
    from asked
    union all
    select
        3 as period_key,
        'year_before' as compared,
        {{ year_before('range_start') }} as first_date,
        case
            when {{ are_months }} then {{ plus_days(year_before(next), -1) }}
            else {{ year_before('range_last') }}
        end as last_date
    from asked
),

periods_of_dates as (
    select
        periods.period_key,
        {{ day_series(
            'greatest(active_range.first_date, periods.first_date)',
            'least(active_range.last_date, periods.last_date)'
        ) }} as local_date
    from asked_periods as periods
    cross join active_range
    where active_range.first_date is not null
),

{{ chosen_numbers() }},

{{ figures_of_periods('period_key', 'periods_of_dates.period_key') }}

select
    accounts.account_id,
    periods.compared,
    periods.first_date as period_start,
    {{ plus_days('periods.last_date', 1) }} as period_end,
    {{ is_complete(plus_days('periods.last_date', 1), 'accounts.data_through') }} as is_complete,
    {{ measure_columns() }}
from asked_periods as periods
cross join asked_accounts as accounts
left join conversations
    on accounts.account_no = conversations.account_no and periods.period_key = conversations.period_key
left join messages on accounts.account_no = messages.account_no and periods.period_key = messages.period_key
order by accounts.account_id, periods.period_key
