{{ config(alias='accounts') }}
with dates as (
    select
        account_id,
        min(case when is_active then local_date end) as first_date,
        max(case when is_active then local_date end) as last_date,
        min(local_date) as first_known_date,
        max(local_date) as last_known_date
    from {{ ref('int_calendar') }}
    group by account_id
)

select
    accounts.account_id,
    row_number() over (order by accounts.account_id) as account_no,
    accounts.timezone,
    accounts.week_starts_on,
    accounts.rating_worst,
    accounts.rating_best,
    dates.first_date,
    dates.last_date,
    dates.first_known_date,
    dates.last_known_date,
    reached.data_through
from {{ ref('stg_settings__accounts') }} as accounts
left join dates on accounts.account_id = dates.account_id
left join {{ ref('int_data_through') }} as reached on accounts.account_id = reached.account_id
