{# Each figure is credited to somebody else: the assignee, the first responder, who replied, who sent. So each has an
   aggregate of its own, by key: the key of an agent includes the source, and each source has one for nobody. #}
{% set keys = ['agent_key', 'period_key'] %}
{% set parts = ['conversations', 'responses', 'replies', 'messages'] %}
{% set facts = ref('int_conversation_facts') %}
with agents as (
    {{ credited_agents() | indent(4) }}
),

conversations_of_periods as (
    select periods_of_date.period_key, facts.*
    from {{ facts }} as facts
    {{ join_periods('facts.account_id', 'facts.started_date') }}
),

{{ figures_by(
    'conversations', keys, 'conversations_of_periods', conversation_durations(), [conversation_aggregates()]
) }},

responses_of_periods as (
    select
        facts.first_responder_key as agent_key,
        periods_of_date.period_key,
        facts.first_response_seconds,
        facts.first_response_business_seconds
    from {{ facts }} as facts
    {{ join_periods('facts.account_id', 'facts.started_date') }}
    where facts.first_response_at is not null
),

{{ figures_by('responses', keys, 'responses_of_periods', response_durations(), [first_response_aggregates()]) }},

reply_dates as (
    select
        replies.agent_key,
        facts.started_date,
        count(*) as replies,
        sum(replies.reply_seconds) as reply_seconds_sum
    from {{ ref('int_replies') }} as replies
    inner join {{ facts }} as facts on replies.conversation_key = facts.conversation_key
    group by replies.agent_key, facts.started_date
),

replies as (
    select
        reply_dates.agent_key,
        periods_of_date.period_key,
        cast(sum(reply_dates.replies) as bigint) as replies,
        cast(sum(reply_dates.reply_seconds_sum) as bigint) as reply_seconds_sum
    from reply_dates
    inner join agents on reply_dates.agent_key = agents.agent_key
    {{ join_periods('agents.account_id', 'reply_dates.started_date') }}
    group by reply_dates.agent_key, periods_of_date.period_key
),

message_dates as (
    select agent_key, sent_date, {{ message_aggregates() }}
    from {{ ref('int_message_hours') }}
    group by agent_key, sent_date
),

messages as (
    select message_dates.agent_key, periods_of_date.period_key, {{ message_aggregates() }}
    from message_dates
    inner join agents on message_dates.agent_key = agents.agent_key
    {{ join_periods('agents.account_id', 'message_dates.sent_date') }}
    group by message_dates.agent_key, periods_of_date.period_key
),

agents_of_periods as (
    {% for part in parts -%}
    select {{ keys | join(', ') }} from {{ part }}
    {% if not loop.last %}union{% endif %}
    {% endfor -%}
),

made as (
    select
        agents.account_id,
        periods.grain,
        periods.period_start,
        periods.period_end,
        periods.is_complete,
        agents.source_system,
        agents.agent_id,
        agents.agent_name,
        agents.agent_email,
        {{ measure_columns(responses='responses', replies='replies') }}
    from agents_of_periods
    inner join agents on agents_of_periods.agent_key = agents.agent_key
    inner join {{ ref('int_periods') }} as periods on agents_of_periods.period_key = periods.period_key
    inner join {{ ref('stg_settings__accounts') }} as accounts on agents.account_id = accounts.account_id
    {% for part in parts -%}
    left join {{ part }}
        on
            agents_of_periods.{{ keys[0] }} = {{ part }}.{{ keys[0] }}
            {%- for key in keys[1:] %}
            and agents_of_periods.{{ key }} = {{ part }}.{{ key }}
            {%- endfor %}
    {% endfor -%}
)

select * from made
order by account_id, grain, period_start, source_system, agent_id
