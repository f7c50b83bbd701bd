-- Detects days of the backlog that do not go on from the day before, or do not agree with their parts or with details.
-- A returned row is a team and a day, or a source and a day, with such figures.
{{ config(meta={'dagster': {'ref': {'name': 'backlog'}}}) }}
{% set ages = waiting_columns() | list | join(' + ') %}
with in_order as (
    select
        *,
        lag(open) over (
            partition by account_id, source_system, team order by local_date
        ) as open_at_the_end_before
    from {{ ref('backlog') }}
),

days as (
    select
        account_id,
        source_system,
        local_date,
        sum(opened) as opened,
        sum(closing_unknown) as closing_unknown
    from {{ ref('backlog') }}
    group by account_id, source_system, local_date
),

started as (
    select account_id, source_system, started_date, count(*) as conversations
    from {{ ref('details') }}
    group by account_id, source_system, started_date
)

select account_id, source_system, team, local_date
from in_order
where
    open <> open_before + opened + reopened - closed
    or open_before <> coalesce(open_at_the_end_before, 0)
    or open < waiting_for_us + waiting_unknown + waiting_for_customer
    or waiting_for_us <> {{ ages }}
    or waiting_for_us < unanswered
    or (waiting_for_us > 0) <> (median_waiting_seconds is not null)
    or (open > 0) <> (median_open_seconds is not null)
    or least(
        opened, reopened, closed, open, unanswered, waiting_unknown, waiting_for_customer, closing_unknown,
        {{ waiting_columns() | list | join(', ') }}, median_waiting_seconds, median_open_seconds
    ) < 0
union all
select days.account_id, days.source_system, null as team, days.local_date
from days
left join started
    on
        days.account_id = started.account_id
        and days.source_system = started.source_system
        and days.local_date = started.started_date
where
    days.opened > coalesce(started.conversations, 0)
    or days.opened + days.closing_unknown < coalesce(started.conversations, 0)
