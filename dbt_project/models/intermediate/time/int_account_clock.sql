with stretches as (
    select
        bounds.account_id,
        greatest(offsets.from_at, cast(bounds.first_utc_date as timestamp)) as from_at,
        least(offsets.to_at, cast({{ plus_days('bounds.last_utc_date', 1) }} as timestamp)) as to_at,
        offsets.utc_offset_seconds
    from {{ ref('int_account_bounds') }} as bounds
    inner join {{ ref('stg_settings__zone_offsets') }} as offsets on bounds.timezone = offsets.timezone
),

stretches_of_dates as (
    select
        account_id,
        {{ day_series('cast(from_at as date)', 'cast(' ~ plus_seconds('to_at', -1) ~ ' as date)') }} as utc_date,
        from_at,
        to_at,
        utc_offset_seconds
    from stretches
    where from_at < to_at
)

select
    account_id,
    utc_date,
    greatest(from_at, cast(utc_date as timestamp)) as from_at,
    least(to_at, cast({{ plus_days('utc_date', 1) }} as timestamp)) as to_at,
    utc_offset_seconds
from stretches_of_dates
