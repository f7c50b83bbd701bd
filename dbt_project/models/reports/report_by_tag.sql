{{ config(parameters=['account', 'first_day', 'last_day', "grain := 'day'"] + report_filters()) }}
with {{ asked_periods() }},

{{ chosen_numbers() }},

{{ tags_of_sets(published('reporting_tag_sets'), 'tag_set_no') }},

conversations as (
    select
        tags.tag_key,
        periods_of_dates.period_start,
        {{ conversation_aggregates() }},
        {{ first_response_aggregates() }},
        cast(sum(facts.replies) as bigint) as replies,
        cast(sum(facts.reply_seconds_sum) as bigint) as reply_seconds_sum
    from {{ published('reporting_conversations') }} as facts
    inner join tags_of_sets as tags on facts.tag_set_no = tags.tag_set_no
    inner join periods_of_dates on facts.started_date = periods_of_dates.local_date
    {{ join_chosen('facts') }}
    where {{ is_chosen('facts') }}
    group by tags.tag_key, periods_of_dates.period_start
),

conversations_of_periods as (
    select periods_of_dates.period_start, count(*) as conversations
    from {{ published('reporting_conversations') }} as facts
    inner join periods_of_dates on facts.started_date = periods_of_dates.local_date
    {{ join_chosen('facts') }}
    where {{ is_chosen('facts') }}
    group by periods_of_dates.period_start
),

messages_of_sets as (
    select hours.tag_set_no, periods_of_dates.period_start, {{ message_aggregates() }}
    from {{ published('reporting_messages') }} as hours
    inner join periods_of_dates on hours.sent_date = periods_of_dates.local_date
    {{ join_chosen('hours') }}
    where {{ is_chosen('hours') }}
    group by hours.tag_set_no, periods_of_dates.period_start
),

messages as (
    select tags.tag_key, messages_of_sets.period_start, {{ message_aggregates() }}
    from messages_of_sets
    inner join tags_of_sets as tags on messages_of_sets.tag_set_no = tags.tag_set_no
    group by tags.tag_key, messages_of_sets.period_start
),

tags_of_periods as (
    select tag_key, period_start from conversations
    union
    select tag_key, period_start from messages
)

select
    accounts.account_id,
    periods.grain,
    periods.period_start,
    periods.period_end,
    {{ is_complete('periods.period_end', 'accounts.data_through') }} as is_complete,
    tags.tag,
    cast(coalesce(conversations.conversations, 0) as double) / nullif(conversations_of_periods.conversations, 0)
        as share_of_conversations,
    {{ measure_columns() }}
from tags_of_periods
inner join (select distinct tag_key, tag from tags_of_sets) as tags on tags_of_periods.tag_key = tags.tag_key
inner join asked_periods as periods on tags_of_periods.period_start = periods.period_start
inner join {{ published('reporting_accounts') }} as accounts on {{ is_of_account('accounts.account_id') }}
left join conversations_of_periods on tags_of_periods.period_start = conversations_of_periods.period_start
left join conversations
    on
        tags_of_periods.tag_key = conversations.tag_key
        and tags_of_periods.period_start = conversations.period_start
left join messages
    on tags_of_periods.tag_key = messages.tag_key and tags_of_periods.period_start = messages.period_start
order by periods.period_start, tags.tag
