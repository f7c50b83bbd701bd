{# In an update: the periods of what the affected conversations were and are, and those whose state has changed (they
   began, ended or are gone). Reads the overview as the release before left it. #}
-- depends_on: {{ ref('int_conversation_facts') }}, {{ ref('int_message_hours') }}, {{ ref('int_dates_before') }}
-- depends_on: {{ ref('int_calendar') }}, {{ ref('int_affected_conversations') }}
{% if is_update() -%}
with facts as (
    select conversation_no, account_id, started_date
    from {{ ref('int_conversation_facts') }}
    where {{ is_affected('conversation_no') }}
),

dates as (
    select account_id, started_date as local_date from facts
    union
    select facts.account_id, hours.sent_date as local_date
    from {{ ref('int_message_hours') }} as hours
    inner join facts on hours.conversation_no = facts.conversation_no
),

periods_of_dates as (
    select dates.account_id, dates.local_date, calendar.week_start, calendar.month_start
    from dates
    inner join {{ ref('int_calendar') }} as calendar
        on dates.account_id = calendar.account_id and dates.local_date = calendar.local_date
    union
    select account_id, local_date, week_start, month_start from {{ ref('int_dates_before') }}
)

select account_id, 'day' as grain, local_date as period_start from periods_of_dates
union
select account_id, 'week' as grain, week_start as period_start from periods_of_dates
union
select account_id, 'month' as grain, month_start as period_start from periods_of_dates
union
select
    coalesce(periods.account_id, overview.account_id) as account_id,
    coalesce(periods.grain, overview.grain) as grain,
    coalesce(periods.period_start, overview.period_start) as period_start
from {{ ref('int_periods') }} as periods
full outer join {{ before_update('overview') }} as overview
    on
        periods.account_id = overview.account_id
        and periods.grain = overview.grain
        and periods.period_start = overview.period_start
where periods.is_complete is distinct from overview.is_complete
{%- else -%}
select account_id, grain, period_start from {{ ref('int_periods') }}
{%- endif %}
