-- Detects days on which what the reports for any filter are made from adds up to other figures than the overview's.
-- A returned row is such a day of an account.
{{ config(meta={'dagster': {'ref': {'name': 'overview'}}}) }}
with agents as (
    select agent_no, account_id
    from {{ ref('reporting_agents') }}
),

conversations as (
    select
        agents.account_id,
        facts.started_date as period_start,
        count(*) as conversations,
        count(case when facts.is_answered then 1 end) as conversations_answered,
        count(case when facts.is_closed then 1 end) as conversations_closed,
        count(facts.rating) as ratings
    from {{ ref('reporting_conversations') }} as facts
    inner join agents on facts.agent_no = agents.agent_no
    group by agents.account_id, facts.started_date
),

replies as (
    select
        agents.account_id,
        facts.started_date as period_start,
        sum(facts.replies) as replies,
        sum(facts.reply_seconds_sum) as reply_seconds_sum
    from {{ ref('reporting_replies') }} as facts
    inner join agents on facts.replier_no = agents.agent_no
    group by agents.account_id, facts.started_date
),

messages as (
    select agents.account_id, hours.sent_date as period_start, {{ message_aggregates() }}
    from {{ ref('reporting_messages') }} as hours
    inner join agents on hours.credited_no = agents.agent_no
    group by agents.account_id, hours.sent_date
)

{% set parts = {
    'conversations': ['conversations', 'conversations_answered', 'conversations_closed', 'ratings'],
    'replies': ['replies', 'reply_seconds_sum'],
    'messages': ['messages_inbound', 'messages_outbound', 'messages_failed'],
} %}
select
    overview.account_id,
    overview.period_start
from {{ ref('overview') }} as overview
{% for part in parts -%}
left join {{ part }}
    on overview.account_id = {{ part }}.account_id and overview.period_start = {{ part }}.period_start
{% endfor -%}
where
    overview.grain = 'day'
    and (
        {% for part, columns in parts.items() -%}
        {% set outer_loop = loop -%}
        {% for column in columns -%}
        coalesce(overview.{{ column }}, 0) <> coalesce({{ part }}.{{ column }}, 0)
        {%- if not (loop.last and outer_loop.last) %}
        or {% endif %}
        {%- endfor %}
        {%- endfor %}
    )
