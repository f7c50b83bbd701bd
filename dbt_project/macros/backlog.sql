{# The backlog: how many conversations are open, and who waits, at the ends of periods. Here: what the mart and its report
   for any filter share, and what that shares with the report of the conversations behind it. All begin with named queries
   that each of them has: `periods`, days or hours of each source, and `open_intervals` and `waits`, each with the numbers
   of its team and source.

   An instant belongs to the period that begins with it. So what is open at the end of a period is what was opened before
   that instant, and not closed before it. A stretch is laid out by date, as far as the periods go. Of whole days the
   dates tell all: a stretch reaches the end of each but its last one. Of hours its instants are compared with the ends. #}

{# What is open, and who waits, at the end of each period: `open_at_ends` and `waiting_at_ends`, a row for each
   conversation. Where who answered is not known, the seconds of the wait are NULL. #}
{% macro standing_at_ends(whole_days) -%}
{%- set closing = 'open_intervals.closed_date' -%}
{%- set until = 'waits.until_date' -%}
bounds as (
    select source_no, min(local_date) as first_date, max(local_date) as last_date
    from periods
    group by source_no
),

open_ranges as (
    select
        open_intervals.team_no,
        open_intervals.source_no,
        open_intervals.conversation_id,
        open_intervals.opened_at,
        open_intervals.closed_at,
        open_intervals.first_message_at,
        greatest(open_intervals.opened_date, bounds.first_date) as first_date,
        least({{ plus_days(closing, -1) if whole_days else closing }}, bounds.last_date) as last_date
    from open_intervals
    inner join bounds on open_intervals.source_no = bounds.source_no
    where not open_intervals.is_closing_unknown
),

open_dates as (
    select *, {{ day_series('first_date', 'last_date') }} as local_date
    from open_ranges
    where first_date <= last_date
),

open_at_ends as (
    select
        open_dates.team_no,
        open_dates.source_no,
        open_dates.conversation_id,
        open_dates.opened_at,
        periods.ends_at,
        open_dates.first_message_at < periods.ends_at as has_messages,
        {{ elapsed_seconds('open_dates.opened_at', 'periods.ends_at') }} as open_seconds
    from open_dates
    inner join periods
        on open_dates.source_no = periods.source_no and open_dates.local_date = periods.local_date
    {% if not whole_days -%}
    where
        open_dates.opened_at < periods.ends_at
        and (open_dates.closed_at is null or open_dates.closed_at >= periods.ends_at)
    {% endif -%}
),

waiting_ranges as (
    select
        waits.team_no,
        waits.source_no,
        waits.conversation_id,
        waits.waiting_since,
        waits.from_at,
        waits.unknown_from,
        waits.until_at,
        waits.is_unanswered,
        greatest(waits.from_date, bounds.first_date) as first_date,
        least({{ plus_days(until, -1) if whole_days else until }}, bounds.last_date) as last_date
    from waits
    inner join bounds on waits.source_no = bounds.source_no
),

waiting_dates as (
    select *, {{ day_series('first_date', 'last_date') }} as local_date
    from waiting_ranges
    where first_date <= last_date
),

waiting_at_ends as (
    select
        waiting_dates.team_no,
        waiting_dates.source_no,
        waiting_dates.conversation_id,
        waiting_dates.waiting_since,
        periods.ends_at,
        waiting_dates.is_unanswered,
        case
            when waiting_dates.unknown_from is null or waiting_dates.unknown_from >= periods.ends_at
                then {{ elapsed_seconds('waiting_dates.waiting_since', 'periods.ends_at') }}
        end as waiting_seconds
    from waiting_dates
    inner join periods
        on waiting_dates.source_no = periods.source_no and waiting_dates.local_date = periods.local_date
    {% if not whole_days -%}
    where
        waiting_dates.from_at < periods.ends_at
        and (waiting_dates.until_at is null or waiting_dates.until_at >= periods.ends_at)
    {% endif -%}
)
{%- endmacro %}

{# The figures of each team and period: `changes_of_periods`, `open_figures` and `waiting_figures`. #}
{% macro backlog_figures(whole_days) -%}
{{ standing_at_ends(whole_days) }},

changes as (
    select
        team_no,
        source_no,
        opened_at as changed_at,
        opened_date as changed_date,
        case when is_first and not is_closing_unknown then 1 end as opened,
        case when not is_first and not is_closing_unknown then 1 end as reopened,
        case when is_closing_unknown then 1 end as closing_unknown,
        null as closed
    from open_intervals
    union all
    select
        team_no,
        source_no,
        closed_at as changed_at,
        closed_date as changed_date,
        null as opened,
        null as reopened,
        null as closing_unknown,
        1 as closed
    from open_intervals
    where closed_at is not null
),

changes_of_periods as (
    select
        changes.team_no,
        periods.ends_at,
        count(changes.opened) as opened,
        count(changes.reopened) as reopened,
        count(changes.closed) as closed,
        count(changes.closing_unknown) as closing_unknown
    from changes
    inner join periods
        on
            changes.source_no = periods.source_no
            and changes.changed_date = periods.local_date
            and changes.changed_at >= periods.starts_at
            and changes.changed_at < periods.ends_at
    group by changes.team_no, periods.ends_at
),

{{ figures_by('open_figures', ['team_no', 'ends_at'], 'open_at_ends', ['open'], [
    'count(*) as open_conversations',
    'count(case when has_messages then 1 end) as with_messages',
    duration_aggregates('open'),
]) }},

{{ figures_by('waiting_figures', ['team_no', 'ends_at'], 'waiting_at_ends', ['waiting'], [
    'count(case when waiting_seconds is null then 1 end) as waiting_unknown',
    'count(case when is_unanswered then waiting_seconds end) as unanswered',
    waiting_ages(),
    duration_aggregates('waiting'),
]) }}
{%- endmacro %}

{# How long customers wait, by column: from so many hours on. #}
{% macro waiting_columns() -%}
{{ return({
    'waiting_under_1h': 0, 'waiting_1h_4h': 1, 'waiting_4h_24h': 4, 'waiting_1d_3d': 24, 'waiting_3d_7d': 72,
    'waiting_over_7d': 168,
}) }}
{%- endmacro %}

{% macro waiting_ages() -%}
{%- set hours = waiting_columns().values() | list -%}
{%- for column, first in waiting_columns().items() -%}
count(case when waiting_seconds >= {{ first * 3600 }}
{%- if not loop.last %} and waiting_seconds < {{ hours[loop.index] * 3600 }}{% endif %} then 1 end) as {{ column }}
{%- if not loop.last %},
    {% endif %}
{%- endfor %}
{%- endmacro %}

{# What is shown of a team and a period, from these figures. #}
{% macro backlog_columns() -%}
    {% set figures = namespace(changed='coalesce(changes_of_periods.%s, 0)', open='coalesce(open_figures.%s, 0)') -%}
    {% set opened, reopened, closed = figures.changed % 'opened', figures.changed % 'reopened', figures.changed % 'closed' -%}
    {% set closing_unknown = figures.changed % 'closing_unknown' -%}
    {% set open, with_messages = figures.open % 'open_conversations', figures.open % 'with_messages' -%}
    {% set open_before = open ~ ' - ' ~ opened ~ ' - ' ~ reopened ~ ' + ' ~ closed -%}
    {{ opened }} as opened,
    {{ reopened }} as reopened,
    {{ closed }} as closed,
    {{ open_before }} as open_before,
    {{ open }} as open,
    coalesce(waiting_figures.waiting_count, 0) as waiting_for_us,
    coalesce(waiting_figures.unanswered, 0) as unanswered,
    coalesce(waiting_figures.waiting_unknown, 0) as waiting_unknown,
    {{ with_messages }} - coalesce(waiting_figures.waiting_count, 0) - coalesce(waiting_figures.waiting_unknown, 0)
        as waiting_for_customer,
    {% for column in waiting_columns() -%}
    coalesce(waiting_figures.{{ column }}, 0) as {{ column }},
    {% endfor -%}
    {{ percentile_of('waiting_figures.waiting_percentiles', 1) }} as median_waiting_seconds,
    {{ percentile_of('open_figures.open_percentiles', 1) }} as median_open_seconds,
    {{ closing_unknown }} as closing_unknown,
    teams.is_observed and {{ open }} + {{ closed }} + {{ closing_unknown }} > 0 as has_observed
{%- endmacro %}

{# What reports ask of the backlog, after `asked_accounts` and `chosen_numbers`: the `periods`, and of the chosen
   conversations `open_intervals` and `waits`. An hour is one of the wall clock, of one offset from UTC: one that is shown
   twice comes twice. #}
{% macro asked_backlog() -%}
asked_days as (
    select days.*, dense_rank() over (order by days.source_system) as source_no
    from {{ published('reporting_days') }} as days
    inner join asked_accounts as accounts on days.account_no = accounts.account_no
    where days.local_date between accounts.range_start and accounts.range_last
),

hours as (
    select
        asked_days.source_no,
        asked_days.local_date,
        greatest(
            asked_days.starts_at,
            {{ zoned(plus_seconds(
                'cast(asked_days.local_date as timestamp)', 'hours.hour * 3600 - asked_days.utc_offset_seconds'
            )) }}
        ) as starts_at,
        least(
            asked_days.ends_at,
            {{ zoned(plus_seconds(
                'cast(asked_days.local_date as timestamp)',
                '(hours.hour + 1) * 3600 - asked_days.utc_offset_seconds'
            )) }}
        ) as ends_at
    from asked_days
    cross join (select {{ number_series(24) }} as hour) as hours
),

periods as (
    select source_no, local_date, starts_at, ends_at, starts_at as hour_start
    from hours
    where grain = 'hour' and starts_at < ends_at
    union all
    select
        source_no,
        local_date,
        min(starts_at) as starts_at,
        max(ends_at) as ends_at,
        cast(null as timestamptz) as hour_start
    from asked_days
    where grain = 'day'
    group by source_no, local_date
),

sources as (
    select distinct source_no, source_system, is_observed
    from asked_days
),

teams_of_traits as (
    select
        traits.traits_no,
        dense_rank() over (order by traits.source_system, traits.team) as team_no,
        sources.source_no,
        traits.account_no,
        sources.source_system,
        sources.is_observed,
        traits.team
    from {{ published('reporting_traits') }} as traits
    inner join sources on traits.source_system = sources.source_system
),

open_intervals as (
    select teams.team_no, teams.source_no, intervals.*
    from {{ published('reporting_open_intervals') }} as intervals
    {{ join_traits('intervals') }}
    inner join teams_of_traits as teams on intervals.traits_no = teams.traits_no
    inner join asked
        on
            intervals.opened_date <= asked.range_last
            and (intervals.closed_date is null or intervals.closed_date >= asked.range_start)
    where {{ is_chosen('intervals') }}
),

waits as (
    select teams.team_no, teams.source_no, intervals.*
    from {{ published('reporting_waiting_intervals') }} as intervals
    {{ join_traits('intervals') }}
    inner join teams_of_traits as teams on intervals.traits_no = teams.traits_no
    inner join asked
        on
            intervals.from_date <= asked.range_last
            and (intervals.until_date is null or intervals.until_date >= asked.range_start)
    where {{ is_chosen('intervals') }}
)
{%- endmacro %}
