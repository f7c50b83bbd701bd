{{ config(incremental_predicates=[
    '(account_id, grain, period_start) in (select account_id, grain, period_start from intermediate.int_affected_periods)'
]) }}
with conversations as (
    select
        periods_of_date.period_no,
        {{ conversation_aggregates() }},
        {{ first_response_aggregates() }},
        cast(sum(facts.replies) as bigint) as replies,
        cast(sum(facts.reply_seconds_sum) as bigint) as reply_seconds_sum
    from {{ ref('int_conversation_facts') }} as facts
    {{ join_periods('facts.account_id', 'facts.started_date') }}
    group by periods_of_date.period_no
),

message_dates as (
    select source_no, sent_date, {{ message_aggregates() }}
    from {{ ref('int_message_hours') }}
    where {{ is_of_affected_period('sent_date') }}
    group by source_no, sent_date
),

messages as (
    select periods_of_date.period_no, {{ message_aggregates() }}
    from message_dates
    inner join {{ source('settings', 'sources') }} as sources on message_dates.source_no = sources.source_no
    {{ join_periods('sources.account_id', 'message_dates.sent_date') }}
    group by periods_of_date.period_no
)

select
    periods.account_id,
    periods.grain,
    periods.period_start,
    periods.period_end,
    periods.is_complete,
    {{ measure_columns() }}
from {{ ref('int_periods') }} as periods
inner join {{ ref('int_affected_periods') }} as affected
    on
        periods.account_id = affected.account_id
        and periods.grain = affected.grain
        and periods.period_start = affected.period_start
inner join {{ source('settings', 'accounts') }} as accounts on periods.account_id = accounts.account_id
left join conversations on periods.period_no = conversations.period_no
left join messages on periods.period_no = messages.period_no
order by periods.account_id, periods.grain, periods.period_start
