with periods as (
    select distinct account_id, grain, period_start, period_end, is_complete
    from {{ ref('int_calendar') }}
),

conversations as (
    select
        calendar.account_id,
        calendar.grain,
        calendar.period_start,
        {{ conversation_aggregates() }},
        {{ first_response_aggregates() }},
        cast(sum(facts.replies) as bigint) as replies,
        cast(sum(facts.reply_seconds_sum) as bigint) as reply_seconds_sum
    from {{ ref('int_conversation_facts') }} as facts
    inner join {{ ref('int_calendar') }} as calendar
        on facts.account_id = calendar.account_id and facts.started_date = calendar.local_date
    group by calendar.account_id, calendar.grain, calendar.period_start
),

message_dates as (
    select facts.account_id, days.sent_date, {{ message_aggregates() }}
    from {{ ref('int_message_days') }} as days
    inner join (select conversation_no, account_id from {{ ref('int_conversation_facts') }}) as facts
        on days.conversation_no = facts.conversation_no
    group by facts.account_id, days.sent_date
),

messages as (
    select calendar.account_id, calendar.grain, calendar.period_start, {{ message_aggregates() }}
    from message_dates
    inner join {{ ref('int_calendar') }} as calendar
        on message_dates.account_id = calendar.account_id and message_dates.sent_date = calendar.local_date
    group by calendar.account_id, calendar.grain, calendar.period_start
)

select
    periods.account_id,
    periods.grain,
    periods.period_start,
    periods.period_end,
    periods.is_complete,
    {{ measure_columns() }}
from periods
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
