{{ config(parameters=['account', 'first_day', 'last_day', "grain := 'day'"] + report_filters()) }}
{# Each figure is credited to somebody else, as in the mart. #}
{% set parts = ['conversations', 'responses', 'replies', 'messages'] %}
with {{ asked_periods() }},

{{ chosen_numbers() }},

conversations as (
    select facts.agent_no, periods_of_dates.period_start, {{ conversation_aggregates() }}
    from {{ published('reporting_conversations') }} as facts
    inner join periods_of_dates on facts.started_date = periods_of_dates.local_date
    {{ join_chosen('facts') }}
    where {{ is_chosen('facts') }}
    group by facts.agent_no, periods_of_dates.period_start
),

responses as (
    select
        facts.first_responder_no as agent_no,
        periods_of_dates.period_start,
        {{ first_response_aggregates() }}
    from {{ published('reporting_conversations') }} as facts
    inner join periods_of_dates on facts.started_date = periods_of_dates.local_date
    {{ join_chosen('facts') }}
    where
        facts.first_responder_no is not null
        and {{ is_chosen('facts') }}
    group by facts.first_responder_no, periods_of_dates.period_start
),

replies as (
    select
        facts.replier_no as agent_no,
        periods_of_dates.period_start,
        cast(sum(facts.replies) as bigint) as replies,
        cast(sum(facts.reply_seconds_sum) as bigint) as reply_seconds_sum
    from {{ published('reporting_replies') }} as facts
    inner join periods_of_dates on facts.started_date = periods_of_dates.local_date
    {{ join_chosen('facts') }}
    where {{ is_chosen('facts') }}
    group by facts.replier_no, periods_of_dates.period_start
),

messages as (
    select hours.credited_no as agent_no, periods_of_dates.period_start, {{ message_aggregates() }}
    from {{ published('reporting_messages') }} as hours
    inner join periods_of_dates on hours.sent_date = periods_of_dates.local_date
    {{ join_chosen('hours') }}
    where {{ is_chosen('hours') }}
    group by hours.credited_no, periods_of_dates.period_start
),

agents_of_periods as (
    {% for part in parts -%}
    select agent_no, period_start from {{ part }}
    {% if not loop.last %}union{% endif %}
    {% endfor -%}
)

select
    accounts.account_id,
    periods.grain,
    periods.period_start,
    periods.period_end,
    {{ is_complete('periods.period_end', 'accounts.data_through') }} as is_complete,
    known.source_system,
    known.agent_id,
    known.agent_name,
    known.agent_email,
    {{ measure_columns(responses='responses', replies='replies') }}
from agents_of_periods
inner join {{ published('reporting_agents') }} as known on agents_of_periods.agent_no = known.agent_no
inner join asked_periods as periods on agents_of_periods.period_start = periods.period_start
inner join {{ published('reporting_accounts') }} as accounts on known.account_id = accounts.account_id
{% for part in parts -%}
left join {{ part }}
    on
        agents_of_periods.agent_no = {{ part }}.agent_no
        and agents_of_periods.period_start = {{ part }}.period_start
{% endfor -%}
order by periods.period_start, known.source_system, known.agent_id
