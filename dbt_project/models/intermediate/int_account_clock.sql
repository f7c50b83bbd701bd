{# The offset of a zone changes a few times a year. Each step halves in on the changes: by day, hour, minute, second. #}
with days as (
    select
        account_id,
        timezone,
        {{ day_series('first_utc_date', 'last_utc_date') }} as utc_date
    from {{ ref('int_account_bounds') }}
),

day_starts as (
    select account_id, timezone, cast(utc_date as timestamp) as instant
    from days
),

day_offsets as (
    {{ with_offsets('day_starts', 86400) }}
),
{% set steps = [('day', 'hour', 3600, 24), ('hour', 'minute', 60, 60), ('minute', 'second', 1, 60)] %}
{% for wider, narrower, seconds, count in steps %}
{{ narrower }}_numbers as (
    select account_id, timezone, instant, {{ number_series(count) }} as number
    from {{ wider }}_offsets
    where offset_before <> offset_after
),

{{ narrower }}_starts as (
    select account_id, timezone, {{ plus_seconds('instant', 'number * ' ~ seconds) }} as instant
    from {{ narrower }}_numbers
),

{{ narrower }}_offsets as (
    {{ with_offsets(narrower ~ '_starts', seconds) }}
),
{% endfor %}
stretch_starts as (
    select account_id, instant as from_at, offset_before as utc_offset_seconds
    from day_offsets
    union
    select account_id, {{ plus_seconds('instant', 1) }} as from_at, offset_after as utc_offset_seconds
    from second_offsets
    where offset_before <> offset_after
)

select
    account_id,
    cast(from_at as date) as utc_date,
    from_at,
    coalesce(
        lead(from_at) over (partition by account_id order by from_at),
        {{ plus_seconds('cast(cast(from_at as date) as timestamp)', 86400) }}
    ) as to_at,
    cast(utc_offset_seconds as integer) as utc_offset_seconds
from stretch_starts
