-- Detects days of the overview whose conversations are not those that the details hold by their started_date.
-- A returned row is such a day of an account.
{{ config(meta={'dagster': {'ref': {'name': 'overview'}}}) }}
{% set measures = response_durations() + conversation_durations() %}
{% set counts = {
    'conversations': "count(*)",
    'conversations_inbox': "count(case when source = 'inbox' then 1 end)",
    'conversations_flow': "count(case when source = 'flow' then 1 end)",
    'conversations_inbound': "count(case when source = 'inbound' then 1 end)",
    'conversations_other': "count(case when source = 'other' then 1 end)",
    'conversations_answered': "count(case when is_answered then 1 end)",
    'conversations_unanswered': "count(case when not is_answered then 1 end)",
    'conversations_closed': "count(case when is_closed then 1 end)",
    'conversations_reopened': "count(case when reopened then 1 end)",
    'reopens': "sum(reopens)",
    'replies': "sum(replies)",
    'reply_seconds_sum': "sum(reply_seconds_sum)",
    'surveys': "count(case when is_surveyed then 1 end)",
    'ratings': "count(rating)",
    'rating_sum': "sum(rating)",
} %}
{% for measure in measures -%}
{% do counts.update({
    measure ~ '_seconds_sum': 'sum(' ~ measure ~ '_seconds)', measure ~ '_count': 'count(' ~ measure ~ '_seconds)'
}) %}
{%- endfor -%}
with days as (
    select * from {{ ref('overview') }} where grain = 'day'
),

dates as (
    select
        account_id,
        started_date,
        {% for name, count in counts.items() -%}
        {{ count }} as {{ name }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('details') }}
    group by account_id, started_date
)

select
    coalesce(days.account_id, dates.account_id) as account_id,
    coalesce(days.period_start, dates.started_date) as started_date,
    days.conversations as conversations_of_overview,
    dates.conversations as conversations_of_details
from days
full outer join dates on days.account_id = dates.account_id and days.period_start = dates.started_date
where
    {% for name in counts -%}
    coalesce(days.{{ name }}, 0) <> coalesce(dates.{{ name }}, 0)
    or {% endfor -%}
    days.account_id is null
