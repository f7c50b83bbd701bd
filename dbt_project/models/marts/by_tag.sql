with conversations as (
    select
        tags.account_id,
        tags.tag,
        {{ period_columns() }},
        {{ conversation_aggregates() }},
        {{ first_response_aggregates() }},
        cast(sum(facts.replies) as bigint) as replies,
        cast(sum(facts.reply_seconds_sum) as bigint) as reply_seconds_sum
    from {{ ref('int_conversation_facts') }} as facts
    inner join {{ ref('int_conversation_tags') }} as tags on facts.conversation_no = tags.conversation_no
    {{ join_calendar('facts.account_id', 'facts.started_date') }}
    {{ group_by_periods(['tags.account_id', 'tags.tag']) }}
),

message_dates as (
    select tags.account_id, days.sent_date, tags.tag, {{ message_aggregates() }}
    from {{ ref('int_message_days') }} as days
    inner join {{ ref('int_conversation_tags') }} as tags on days.conversation_no = tags.conversation_no
    group by tags.account_id, days.sent_date, tags.tag
),

messages as (
    select message_dates.account_id, message_dates.tag, {{ period_columns() }}, {{ message_aggregates() }}
    from message_dates
    {{ join_calendar('message_dates.account_id', 'message_dates.sent_date') }}
    {{ group_by_periods(['message_dates.account_id', 'message_dates.tag']) }}
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
inner join {{ ref('int_periods') }} as periods
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
order by tags_of_periods.account_id, tags_of_periods.grain, tags_of_periods.period_start, tags_of_periods.tag
