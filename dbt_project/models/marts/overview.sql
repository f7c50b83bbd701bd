{{ config(incremental_predicates=[
    '(account_id, grain, period_start) in (select account_id, grain, period_start from intermediate.int_affected_periods)'
]) }}
{% set facts = ref('int_conversation_facts') %}
with conversations as (
    select
        facts.account_id,
        {{ period_columns() }},
        {{ conversation_aggregates() }},
        {{ first_response_aggregates() }},
        cast(sum(facts.replies) as bigint) as replies,
        cast(sum(facts.reply_seconds_sum) as bigint) as reply_seconds_sum
    from {{ facts }} as facts
    {{ join_calendar('facts.account_id', 'facts.started_date') }}
    {{ group_by_periods(['facts.account_id']) }} -- noqa: PRS
),

message_dates as (
    select facts.account_id, days.sent_date, {{ message_aggregates() }}
    from {{ ref('int_message_days') }} as days
    inner join (select conversation_no, account_id from {{ facts }}) as facts
        on days.conversation_no = facts.conversation_no
    group by facts.account_id, days.sent_date
),

messages as (
    select message_dates.account_id, {{ period_columns() }}, {{ message_aggregates() }}
    from message_dates
    {{ join_calendar('message_dates.account_id', 'message_dates.sent_date') }}
    {{ group_by_periods(['message_dates.account_id']) }} -- noqa: PRS
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
left join conversations
    on
        periods.account_id = conversations.account_id
        and periods.grain = conversations.grain
        and periods.period_start = conversations.period_start
left join messages
    on
        periods.account_id = messages.account_id
        and periods.grain = messages.grain
        and periods.period_start = messages.period_start
order by periods.account_id, periods.grain, periods.period_start
