{{ config(parameters=['account', 'first_day', 'last_day', "grain := 'day'"] + report_filters()) }}
{# As in the mart, each figure is credited to somebody else. What has no first response has no number, and drops out. #}
{% set parts = ['conversations', 'responses', 'replies', 'messages'] %}
with {{ asked_accounts() }},

{{ asked_periods() }},

{{ chosen_numbers() }},

conversations as (
    select
        facts.agent_no,
        {{ period_start('chosen_traits') }} as period_start,
        {{ conversation_aggregates() }}
    from {{ published('reporting_conversations') }} as facts
    {{ join_chosen('facts', 'started_date') }}
    group by all
),

responses as (
    select
        facts.first_responder_no as agent_no,
        {{ period_start('chosen_traits') }} as period_start,
        {{ first_response_aggregates() }}
    from {{ published('reporting_conversations') }} as facts
    {{ join_chosen('facts', 'started_date') }}
    group by all
),

replies as (
    select
        facts.replier_no as agent_no,
        {{ period_start('chosen_traits') }} as period_start,
        {{ reply_aggregates() }}
    from {{ published('reporting_replies') }} as facts
    {{ join_chosen('facts', 'started_date') }}
    group by all
),

messages as (
    select
        hours.credited_no as agent_no,
        {{ period_start('chosen_traits') }} as period_start,
        {{ message_aggregates() }}
    from {{ published('reporting_messages') }} as hours
    {{ join_chosen('hours', 'sent_date') }}
    group by all
),

agents_of_periods as (
    {% for part in parts -%}
    select agent_no, period_start from {{ part }}
    {% if not loop.last %}union{% endif %}
    {% endfor -%}
)

select
    accounts.account_id,
    {{ period_columns() }},
    known.source_system,
    known.agent_id,
    known.agent_name,
    known.agent_email,
    {{ measure_columns(responses='responses', replies='replies') }}
from agents_of_periods
inner join {{ published('reporting_agents') }} as known on agents_of_periods.agent_no = known.agent_no
inner join asked_accounts as accounts on known.account_id = accounts.account_id
inner join asked_periods as periods
    on accounts.account_no = periods.account_no and agents_of_periods.period_start = periods.period_start
{% for part in parts -%}
left join {{ part }}
    on
        agents_of_periods.agent_no = {{ part }}.agent_no
        and agents_of_periods.period_start = {{ part }}.period_start
{% endfor -%}
order by accounts.account_id, periods.period_start, known.source_system, known.agent_id
