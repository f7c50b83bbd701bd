with conversations_of_periods as (
    select periods_of_date.period_key, facts.*
    from {{ ref('int_conversation_facts') }} as facts
    {{ join_periods('facts.account_id', 'facts.started_date') }}
),

{{ figures_by(
    'conversations', ['period_key'], 'conversations_of_periods', conversation_durations() + response_durations(),
    [conversation_aggregates(), first_response_aggregates(), reply_aggregates()]
) }},

message_dates as (
    select source_key, sent_date, {{ message_aggregates() }}
    from {{ ref('int_message_hours') }}
    group by source_key, sent_date
),

messages as (
    select periods_of_date.period_key, {{ message_aggregates() }}
    from message_dates
    inner join {{ ref('stg_settings__sources') }} as sources on message_dates.source_key = sources.source_key
    {{ join_periods('sources.account_id', 'message_dates.sent_date') }}
    group by periods_of_date.period_key
)

select
    periods.account_id,
    periods.grain,
    periods.period_start,
    periods.period_end,
    periods.is_complete,
    {{ measure_columns() }}
from {{ ref('int_periods') }} as periods
inner join {{ ref('stg_settings__accounts') }} as accounts on periods.account_id = accounts.account_id
left join conversations on periods.period_key = conversations.period_key
left join messages on periods.period_key = messages.period_key
where periods.is_active
order by periods.account_id, periods.grain, periods.period_start
