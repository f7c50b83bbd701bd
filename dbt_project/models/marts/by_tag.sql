{{ config(incremental_predicates=[
    '(account_id, grain, period_start) in (select account_id, grain, period_start from intermediate.int_affected_periods)'
]) }}
with conversations as (
    select
        facts.account_id,
        tags.tag_no,
        {{ period_columns() }},
        {{ conversation_aggregates() }},
        {{ first_response_aggregates() }},
        cast(sum(facts.replies) as bigint) as replies,
        cast(sum(facts.reply_seconds_sum) as bigint) as reply_seconds_sum
    from {{ ref('int_conversation_facts') }} as facts
    inner join {{ ref('int_tags') }} as tags on facts.tag_set_no = tags.tag_set_no
    {{ join_calendar('facts.account_id', 'facts.started_date') }}
    {{ group_by_periods(['facts.account_id', 'tags.tag_no']) }} -- noqa: PRS
),

message_dates as (
    select facts.account_id, facts.tag_set_no, days.sent_date, {{ message_aggregates() }}
    from {{ ref('int_message_days') }} as days
    inner join (
        select conversation_no, account_id, tag_set_no from {{ ref('int_conversation_facts') }}
    ) as facts on days.conversation_no = facts.conversation_no
    group by facts.account_id, facts.tag_set_no, days.sent_date
),

messages as (
    select message_dates.account_id, tags.tag_no, {{ period_columns() }}, {{ message_aggregates() }}
    from message_dates
    inner join {{ ref('int_tags') }} as tags on message_dates.tag_set_no = tags.tag_set_no
    {{ join_calendar('message_dates.account_id', 'message_dates.sent_date') }}
    {{ group_by_periods(['message_dates.account_id', 'tags.tag_no']) }} -- noqa: PRS
),

tags_of_periods as (
    select account_id, grain, period_start, tag_no from conversations
    union
    select account_id, grain, period_start, tag_no from messages
)

select
    tags_of_periods.account_id,
    tags_of_periods.grain,
    tags_of_periods.period_start,
    periods.period_end,
    periods.is_complete,
    tags.tag,
    cast(coalesce(conversations.conversations, 0) as double) / nullif(overview.conversations, 0)
        as share_of_conversations,
    {{ measure_columns() }}
from tags_of_periods
inner join (select distinct tag_no, tag from {{ ref('int_tags') }}) as tags on tags_of_periods.tag_no = tags.tag_no
inner join {{ ref('int_periods') }} as periods
    on
        tags_of_periods.account_id = periods.account_id
        and tags_of_periods.grain = periods.grain
        and tags_of_periods.period_start = periods.period_start
inner join {{ ref('int_affected_periods') }} as affected
    on
        periods.account_id = affected.account_id
        and periods.grain = affected.grain
        and periods.period_start = affected.period_start
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
        and tags_of_periods.tag_no = conversations.tag_no
left join messages
    on
        tags_of_periods.account_id = messages.account_id
        and tags_of_periods.grain = messages.grain
        and tags_of_periods.period_start = messages.period_start
        and tags_of_periods.tag_no = messages.tag_no
order by tags_of_periods.account_id, tags_of_periods.grain, tags_of_periods.period_start, tags.tag
