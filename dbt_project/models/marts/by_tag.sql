with periods as (
    select distinct account_id, grain, period_start, period_end, is_complete
    from {{ ref('int_calendar') }}
),

conversations as (
    select
        calendar.account_id,
        calendar.grain,
        calendar.period_start,
        tags.tag,
        {{ conversation_aggregates() }},
        {{ first_response_aggregates() }},
        cast(sum(facts.replies) as bigint) as replies,
        cast(sum(facts.reply_seconds_sum) as bigint) as reply_seconds_sum
    from {{ ref('int_conversation_facts') }} as facts
    inner join {{ ref('int_conversation_tags') }} as tags on facts.conversation_no = tags.conversation_no
    inner join {{ ref('int_calendar') }} as calendar
        on facts.account_id = calendar.account_id and facts.started_date = calendar.local_date
    group by calendar.account_id, calendar.grain, calendar.period_start, tags.tag
),

message_dates as (
    select tags.account_id, days.sent_date, tags.tag, {{ message_aggregates() }}
    from {{ ref('int_message_days') }} as days
    inner join {{ ref('int_conversation_tags') }} as tags on days.conversation_no = tags.conversation_no
    group by tags.account_id, days.sent_date, tags.tag
),

messages as (
    select calendar.account_id, calendar.grain, calendar.period_start, message_dates.tag, {{ message_aggregates() }}
    from message_dates
    inner join {{ ref('int_calendar') }} as calendar
        on message_dates.account_id = calendar.account_id and message_dates.sent_date = calendar.local_date
    group by calendar.account_id, calendar.grain, calendar.period_start, message_dates.tag
),

tags_of_periods as (
    select account_id, grain, period_start, tag from conversations
    union
    select account_id, grain, period_start, tag from messages
)

select
    tags_of_periods.account_id,
    tags_of_periods.grain,
    tags_of_periods.period_start,
    periods.period_end,
    periods.is_complete,
    tags_of_periods.tag,
    cast(coalesce(conversations.conversations, 0) as double) / nullif(overview.conversations, 0)
        as share_of_conversations,
    {{ measure_columns() }}
from tags_of_periods
inner join periods
    on
        tags_of_periods.account_id = periods.account_id
        and tags_of_periods.grain = periods.grain
        and tags_of_periods.period_start = periods.period_start
inner join {{ ref('overview') }} as overview
    on
        tags_of_periods.account_id = overview.account_id
        and tags_of_periods.grain = overview.grain
        and tags_of_periods.period_start = overview.period_start
inner join {{ source('settings', 'accounts') }} as accounts on tags_of_periods.account_id = accounts.account_id
left join conversations
    on
        tags_of_periods.account_id = conversations.account_id
        and tags_of_periods.grain = conversations.grain
        and tags_of_periods.period_start = conversations.period_start
        and tags_of_periods.tag = conversations.tag
left join messages
    on
        tags_of_periods.account_id = messages.account_id
        and tags_of_periods.grain = messages.grain
        and tags_of_periods.period_start = messages.period_start
        and tags_of_periods.tag = messages.tag
