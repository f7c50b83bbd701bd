{{ config(incremental_predicates=[
    "((account_id, grain, period_start, source_system, agent_id is null, coalesce(agent_id, '')) in ("
    " select account_id, grain, period_start, source_system, agent_id is null, coalesce(agent_id, '')"
    ' from intermediate.int_affected_credits where agent_no is not null)'
    ' or (source_system, agent_id) in (select source_system, agent_id from intermediate.int_renamed_agents))'
]) }}
-- depends_on: {{ ref('int_affected_credits') }}, {{ ref('int_renamed_agents') }}
{# Each figure is credited to somebody else: the assignee, the first responder, who replied, who sent. So each has an
   aggregate of its own, by number: a number of an agent tells the source too, and a negative one stands for nobody. #}
{% set keys = ['agent_no', 'period_no'] %}
{% set parts = ['conversations', 'responses', 'replies', 'messages'] %}
{% set facts = ref('int_conversation_facts') %}
with agents as (
    {{ numbered_agents() | indent(4) }}
),

{% if is_update() -%}
{{ affected_dates(ref('int_affected_credits'), 'agent_no') }},

{% endif -%}
conversations as (
    select facts.agent_no, periods_of_date.period_no, {{ conversation_aggregates() }}
    from {{ facts }} as facts
    {{ join_periods('facts.account_id', 'facts.started_date', 'facts.agent_no') }}
    group by facts.agent_no, periods_of_date.period_no
),

responses as (
    select facts.first_responder_no as agent_no, periods_of_date.period_no, {{ first_response_aggregates() }}
    from {{ facts }} as facts
    {{ join_periods('facts.account_id', 'facts.started_date', 'facts.first_responder_no') }}
    where facts.first_response_at is not null
    group by facts.first_responder_no, periods_of_date.period_no
),

reply_dates as (
    select
        replies.agent_no,
        facts.started_date,
        count(*) as replies,
        sum(replies.reply_seconds) as reply_seconds_sum
    from {{ ref('int_replies') }} as replies
    inner join {{ facts }} as facts on replies.conversation_no = facts.conversation_no
    where {{ is_of_affected_period('facts.started_date', 'replies.agent_no') }}
    group by replies.agent_no, facts.started_date
),

replies as (
    select
        reply_dates.agent_no,
        periods_of_date.period_no,
        cast(sum(reply_dates.replies) as bigint) as replies,
        cast(sum(reply_dates.reply_seconds_sum) as bigint) as reply_seconds_sum
    from reply_dates
    inner join agents on reply_dates.agent_no = agents.agent_no
    {{ join_periods('agents.account_id', 'reply_dates.started_date', 'reply_dates.agent_no') }}
    group by reply_dates.agent_no, periods_of_date.period_no
),

message_dates as (
    select agent_no, sent_date, {{ message_aggregates() }}
    from {{ ref('int_message_hours') }}
    where {{ is_of_affected_period('sent_date', 'agent_no') }}
    group by agent_no, sent_date
),

messages as (
    select message_dates.agent_no, periods_of_date.period_no, {{ message_aggregates() }}
    from message_dates
    inner join agents on message_dates.agent_no = agents.agent_no
    {{ join_periods('agents.account_id', 'message_dates.sent_date', 'message_dates.agent_no') }}
    group by message_dates.agent_no, periods_of_date.period_no
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
    inner join agents on agents_of_periods.agent_no = agents.agent_no
    inner join {{ ref('int_periods') }} as periods on agents_of_periods.period_no = periods.period_no
    inner join {{ source('settings', 'accounts') }} as accounts on agents.account_id = accounts.account_id
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
{% if is_update() -%}
union all
{# where they are not affected, the rows of agents with another name #}
select
    {% for column in adapter.get_columns_in_relation(this) | map(attribute='name') -%}
    {{ 'agents' if column in ['agent_name', 'agent_email'] else 'carried' }}.{{ column }}
    {%- if not loop.last %},{% endif %}
    {% endfor %}
from {{ this }} as carried
inner join {{ ref('int_renamed_agents') }} as renamed
    on carried.source_system = renamed.source_system and carried.agent_id = renamed.agent_id
inner join agents on carried.source_system = agents.source_system and carried.agent_id = agents.agent_id
where
    (carried.account_id, carried.grain, carried.period_start, carried.source_system, carried.agent_id) not in (
        select affected.account_id, affected.grain, affected.period_start, affected.source_system, affected.agent_id
        from {{ ref('int_affected_credits') }} as affected
        where affected.agent_id is not null
    )
{%- endif %}
order by account_id, grain, period_start, source_system, agent_id
