with schedules as (
    select
        account_id,
        coalesce(valid_from, date '0001-01-01') as valid_from,
        count(opens_seconds) as spans
    from {{ ref('stg_settings__working_hours') }}
    group by account_id, coalesce(valid_from, date '0001-01-01')
),

schedule_versions as (
    select
        account_id,
        valid_from,
        coalesce(lead(valid_from) over (partition by account_id order by valid_from), date '9999-12-31') as valid_until,
        spans > 0 as has_open_day
    from schedules
),

{# Every local date that a UTC date of the clock touches. #}
local_stretches as (
    select account_id, utc_date as local_date, from_at, to_at, utc_offset_seconds
    from {{ ref('int_account_clock') }}
    union all
    select account_id, {{ plus_days('utc_date', 1) }} as local_date, from_at, to_at, utc_offset_seconds
    from {{ ref('int_account_clock') }}
    union all
    select account_id, {{ plus_days('utc_date', -1) }} as local_date, from_at, to_at, utc_offset_seconds
    from {{ ref('int_account_clock') }}
),

local_days as (
    select distinct local_stretches.account_id, local_stretches.local_date
    from local_stretches
    inner join schedules on local_stretches.account_id = schedules.account_id
),

scheduled_days as (
    select
        local_days.account_id,
        local_days.local_date,
        schedule_versions.valid_from,
        coalesce(schedule_versions.has_open_day, false) as is_scheduled
    from local_days
    left join schedule_versions
        on
            local_days.account_id = schedule_versions.account_id
            and local_days.local_date >= schedule_versions.valid_from
            and local_days.local_date < schedule_versions.valid_until
),

holidays as (
    select distinct account_id, holiday_date
    from {{ ref('stg_settings__holidays') }}
),

{# What the wall clock shows: open spans, and whole days for which nothing is scheduled. #}
wall_spans as (
    select
        scheduled_days.account_id,
        scheduled_days.local_date,
        working_hours.opens_seconds as from_seconds,
        working_hours.closes_seconds as to_seconds,
        true as is_open
    from scheduled_days
    left join holidays
        on
            scheduled_days.account_id = holidays.account_id
            and scheduled_days.local_date = holidays.holiday_date
    inner join {{ ref('stg_settings__working_hours') }} as working_hours
        on
            scheduled_days.account_id = working_hours.account_id
            and scheduled_days.valid_from = coalesce(working_hours.valid_from, date '0001-01-01')
            and {{ iso_weekday('scheduled_days.local_date') }} = working_hours.iso_weekday
    where scheduled_days.is_scheduled and holidays.holiday_date is null
    union all
    select
        scheduled_days.account_id,
        scheduled_days.local_date,
        holiday_hours.opens_seconds as from_seconds,
        holiday_hours.closes_seconds as to_seconds,
        true as is_open
    from scheduled_days
    inner join {{ ref('stg_settings__holidays') }} as holiday_hours
        on
            scheduled_days.account_id = holiday_hours.account_id
            and scheduled_days.local_date = holiday_hours.holiday_date
            and holiday_hours.opens_seconds is not null
    where scheduled_days.is_scheduled
    union all
    select account_id, local_date, 0 as from_seconds, 86400 as to_seconds, false as is_open
    from scheduled_days
    where not is_scheduled
),

{# When the wall clock shows that: a span is cut where the offset changes, an hour shown twice comes twice. #}
clipped_spans as (
    select
        wall_spans.account_id,
        wall_spans.is_open,
        greatest(
            {{ plus_seconds('cast(wall_spans.local_date as timestamp)',
                            'wall_spans.from_seconds - local_stretches.utc_offset_seconds') }},
            local_stretches.from_at
        ) as from_at,
        least(
            {{ plus_seconds('cast(wall_spans.local_date as timestamp)',
                            'wall_spans.to_seconds - local_stretches.utc_offset_seconds') }},
            local_stretches.to_at
        ) as to_at
    from wall_spans
    inner join local_stretches
        on
            wall_spans.account_id = local_stretches.account_id
            and wall_spans.local_date = local_stretches.local_date
),

changes as (
    select
        account_id,
        from_at as instant,
        case when is_open then 1 else 0 end as opened,
        case when is_open then 0 else 1 end as left_schedule
    from clipped_spans
    where from_at < to_at
    union all
    select
        account_id,
        to_at as instant,
        case when is_open then -1 else 0 end as opened,
        case when is_open then 0 else -1 end as left_schedule
    from clipped_spans
    where from_at < to_at
    union all
    select distinct clock.account_id, cast(clock.utc_date as timestamp) as instant, 0 as opened, 0 as left_schedule
    from {{ ref('int_account_clock') }} as clock
    inner join schedules on clock.account_id = schedules.account_id
),

changes_by_instant as (
    select account_id, instant, sum(opened) as opened, sum(left_schedule) as left_schedule
    from changes
    group by account_id, instant
),

steps as (
    select
        account_id,
        instant as from_at,
        lead(instant) over (partition by account_id order by instant) as to_at,
        sum(opened) over (partition by account_id order by instant) > 0 as is_open,
        sum(left_schedule) over (partition by account_id order by instant) = 0 as is_scheduled
    from changes_by_instant
),

step_lengths as (
    select
        account_id,
        from_at,
        to_at,
        is_open,
        is_scheduled,
        {{ microseconds_between('from_at', 'to_at') }} as step_microseconds
    from steps
    where to_at is not null
)

select
    account_id,
    cast(from_at as date) as utc_date,
    from_at,
    to_at,
    is_open,
    is_scheduled,
    cast(
        sum(case when is_open then step_microseconds else 0 end) over (partition by account_id order by from_at)
        - case when is_open then step_microseconds else 0 end
        as bigint
    ) as open_microseconds_before,
    cast(
        sum(case when is_scheduled then 0 else step_microseconds end) over (partition by account_id order by from_at)
        - case when is_scheduled then 0 else step_microseconds end
        as bigint
    ) as unscheduled_microseconds_before
from step_lengths
