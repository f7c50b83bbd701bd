{# Each figure is credited to somebody else: the assignee, the first responder, who replied, who sent. So each has an
   aggregate of its own. An empty agent key stands for "no agent": ids are never empty. #}
{% set keys = ['account_id', 'grain', 'period_start', 'source_system', 'agent_key'] %}
{% set parts = ['conversations', 'responses', 'replies', 'messages'] %}
with facts as (
    select
        *,
        coalesce(agent_id, '') as agent_key,
        coalesce(first_responder_id, '') as responder_key
    from {{ ref('int_conversation_facts') }}
),

conversations as (
    select
        calendar.account_id,
        calendar.grain,
        calendar.period_start,
        facts.source_system,
        facts.agent_key,
        {{ conversation_aggregates() }}
    from facts
    inner join {{ ref('int_calendar') }} as calendar
        on facts.account_id = calendar.account_id and facts.started_date = calendar.local_date
    group by calendar.account_id, calendar.grain, calendar.period_start, facts.source_system, facts.agent_key
),

responses as (
    select
        calendar.account_id,
        calendar.grain,
        calendar.period_start,
        facts.source_system,
        facts.responder_key as agent_key,
        {{ first_response_aggregates() }}
    from facts
    inner join {{ ref('int_calendar') }} as calendar
        on facts.account_id = calendar.account_id and facts.started_date = calendar.local_date
    where facts.first_response_at is not null
    group by calendar.account_id, calendar.grain, calendar.period_start, facts.source_system, facts.responder_key
),

reply_dates as (
    select
        facts.account_id,
        facts.started_date,
        facts.source_system,
        coalesce(replies.agent_id, '') as agent_key,
        count(*) as replies,
        sum(replies.reply_seconds) as reply_seconds_sum
    from {{ ref('int_replies') }} as replies
    inner join facts on replies.conversation_no = facts.conversation_no
    group by facts.account_id, facts.started_date, facts.source_system, coalesce(replies.agent_id, '')
),

replies as (
    select
        calendar.account_id,
        calendar.grain,
        calendar.period_start,
        reply_dates.source_system,
        reply_dates.agent_key,
        cast(sum(reply_dates.replies) as bigint) as replies,
        cast(sum(reply_dates.reply_seconds_sum) as bigint) as reply_seconds_sum
    from reply_dates
    inner join {{ ref('int_calendar') }} as calendar
        on reply_dates.account_id = calendar.account_id and reply_dates.started_date = calendar.local_date
    group by
        calendar.account_id, calendar.grain, calendar.period_start, reply_dates.source_system, reply_dates.agent_key
),

{# Inbound messages belong to the assignee of their conversation, outbound ones to their sender. #}
credited_messages as (
    select
        facts.account_id,
        days.sent_date,
        facts.source_system,
        facts.agent_key,
        days.messages_inbound,
        0 as messages_outbound,
        0 as messages_failed
    from {{ ref('int_message_days') }} as days
    inner join facts on days.conversation_no = facts.conversation_no
    where days.messages_inbound > 0
    union all
    select
        facts.account_id,
        days.sent_date,
        facts.source_system,
        coalesce(days.agent_id, '') as agent_key,
        0 as messages_inbound,
        days.messages_outbound,
        days.messages_failed
    from {{ ref('int_message_days') }} as days
    inner join facts on days.conversation_no = facts.conversation_no
    where days.messages_outbound > 0 or days.messages_failed > 0
),

message_dates as (
    select account_id, sent_date, source_system, agent_key, {{ message_aggregates() }}
    from credited_messages
    group by account_id, sent_date, source_system, agent_key
),

messages as (
    select
        calendar.account_id,
        calendar.grain,
        calendar.period_start,
        message_dates.source_system,
        message_dates.agent_key,
        {{ message_aggregates() }}
    from message_dates
    inner join {{ ref('int_calendar') }} as calendar
        on message_dates.account_id = calendar.account_id and message_dates.sent_date = calendar.local_date
    group by
        calendar.account_id, calendar.grain, calendar.period_start, message_dates.source_system, message_dates.agent_key
),

agents_of_periods as (
    {% for part in parts -%}
    select {{ keys | join(', ') }} from {{ part }}
    {% if not loop.last %}union{% endif %}
    {% endfor -%}
),

periods as (
    select distinct account_id, grain, period_start, period_end, is_complete
    from {{ ref('int_calendar') }}
)

select
    agents_of_periods.account_id,
    agents_of_periods.grain,
    agents_of_periods.period_start,
    periods.period_end,
    periods.is_complete,
    agents_of_periods.source_system,
    nullif(agents_of_periods.agent_key, '') as agent_id,
    case when agents_of_periods.agent_key = '' then '(unassigned)' else agents.agent_name end as agent_name,
    agents.agent_email,
    {{ measure_columns(responses='responses', replies='replies') }}
from agents_of_periods
inner join periods
    on
        agents_of_periods.account_id = periods.account_id
        and agents_of_periods.grain = periods.grain
        and agents_of_periods.period_start = periods.period_start
inner join {{ source('settings', 'accounts') }} as accounts on agents_of_periods.account_id = accounts.account_id
left join {{ ref('int_agents') }} as agents
    on
        agents_of_periods.source_system = agents.source_system
        and agents_of_periods.agent_key = agents.agent_id
{% for part in parts -%}
left join {{ part }}
    on
        agents_of_periods.{{ keys[0] }} = {{ part }}.{{ keys[0] }}
        {%- for key in keys[1:] %}
        and agents_of_periods.{{ key }} = {{ part }}.{{ key }}
        {%- endfor %}
{% endfor %}
