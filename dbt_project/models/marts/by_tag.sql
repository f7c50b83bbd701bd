with conversations_of_tags as (
    select tags.tag_key, periods_of_date.period_key, facts.*
    from {{ ref('int_conversation_facts') }} as facts
    inner join {{ ref('int_tags') }} as tags on facts.tag_set_key = tags.tag_set_key
    {{ join_periods('facts.account_id', 'facts.started_date') }}
),

{{ figures_by(
    'conversations', ['tag_key', 'period_key'], 'conversations_of_tags',
    conversation_durations() + response_durations(),
    [conversation_aggregates(), first_response_aggregates(), reply_aggregates()]
) }},

message_dates as (
    select source_key, tag_set_key, sent_date, {{ message_aggregates() }}
    from {{ ref('int_message_hours') }}
    group by source_key, tag_set_key, sent_date
),

messages as (
    select tags.tag_key, periods_of_date.period_key, {{ message_aggregates() }}
    from message_dates
    inner join {{ ref('int_tags') }} as tags on message_dates.tag_set_key = tags.tag_set_key
    inner join {{ ref('stg_settings__sources') }} as sources on message_dates.source_key = sources.source_key
    {{ join_periods('sources.account_id', 'message_dates.sent_date') }}
    group by tags.tag_key, periods_of_date.period_key
),

tags_of_periods as (
    select tag_key, period_key from conversations
    union
    select tag_key, period_key from messages
),

made as (
    select
        periods.account_id,
        periods.grain,
        periods.period_start,
        periods.period_end,
        periods.is_complete,
        tags.tag,
        cast(coalesce(conversations.conversations, 0) as double) / nullif(overview.conversations, 0)
            as share_of_conversations,
        {{ measure_columns() }}
    from tags_of_periods
    inner join (select distinct tag_key, tag from {{ ref('int_tags') }}) as tags
        on tags_of_periods.tag_key = tags.tag_key
    inner join {{ ref('int_periods') }} as periods on tags_of_periods.period_key = periods.period_key
    inner join {{ ref('overview') }} as overview
        on
            periods.account_id = overview.account_id
            and periods.grain = overview.grain
            and periods.period_start = overview.period_start
    inner join {{ ref('stg_settings__accounts') }} as accounts on periods.account_id = accounts.account_id
    left join conversations
        on tags_of_periods.tag_key = conversations.tag_key and tags_of_periods.period_key = conversations.period_key
    left join messages
        on tags_of_periods.tag_key = messages.tag_key and tags_of_periods.period_key = messages.period_key
)

select * from made
order by account_id, grain, period_start, tag
