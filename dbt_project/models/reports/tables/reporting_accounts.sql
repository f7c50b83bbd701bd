{{ config(alias='accounts') }}
with active_dates as (
    select account_id, min(local_date) as first_date, max(local_date) as last_date
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
    active_dates.first_date,
    active_dates.last_date,
    reached.data_through
from {{ ref('stg_settings__accounts') }} as accounts
left join active_dates on accounts.account_id = active_dates.account_id
left join {{ ref('int_data_through') }} as reached on accounts.account_id = reached.account_id
