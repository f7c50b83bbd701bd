{{ config(parameters=['account', 'first_day', 'last_day', "grain := 'day'"] + report_filters()) }}
with {{ asked_accounts() }},

{{ asked_periods() }},

{{ chosen_numbers() }},

{{ tags_of_sets(published('reporting_tag_sets'), 'tag_set_no') }},

conversations as (
    select
        tags.tag_key,
        chosen_traits.account_no,
        {{ period_start('chosen_traits') }} as period_start,
        {{ conversation_aggregates() }},
        {{ first_response_aggregates() }},
        {{ reply_aggregates() }}
    from {{ published('reporting_conversations') }} as facts
    inner join tags_of_sets as tags on facts.tag_set_no = tags.tag_set_no
    {{ join_chosen('facts', 'started_date') }}
    group by all
),

conversations_of_periods as (
    select
        chosen_traits.account_no,
        {{ period_start('chosen_traits') }} as period_start,
        count(*) as conversations
    from {{ published('reporting_conversations') }} as facts
    {{ join_chosen('facts', 'started_date') }}
    group by all
),

messages_of_sets as (
    select
        hours.tag_set_no,
        chosen_traits.account_no,
        {{ period_start('chosen_traits') }} as period_start,
        {{ message_aggregates() }}
    from {{ published('reporting_messages') }} as hours
    {{ join_chosen('hours', 'sent_date') }}
    group by all
),

messages as (
    select
        tags.tag_key,
        messages_of_sets.account_no,
        messages_of_sets.period_start,
        {{ message_aggregates() }}
    from messages_of_sets
    inner join tags_of_sets as tags on messages_of_sets.tag_set_no = tags.tag_set_no
    group by tags.tag_key, messages_of_sets.account_no, messages_of_sets.period_start
),

tags_of_periods as (
    select tag_key, account_no, period_start from conversations
    union
    select tag_key, account_no, period_start from messages
)

select
    accounts.account_id,
    {{ period_columns() }},
    tags.tag,
    cast(coalesce(conversations.conversations, 0) as double) / nullif(conversations_of_periods.conversations, 0)
        as share_of_conversations,
    {{ measure_columns() }}
from tags_of_periods
inner join (select distinct tag_key, tag from tags_of_sets) as tags on tags_of_periods.tag_key = tags.tag_key
inner join asked_accounts as accounts on tags_of_periods.account_no = accounts.account_no
inner join asked_periods as periods
    on tags_of_periods.account_no = periods.account_no and tags_of_periods.period_start = periods.period_start
left join conversations_of_periods
    on
        tags_of_periods.account_no = conversations_of_periods.account_no
        and tags_of_periods.period_start = conversations_of_periods.period_start
{% for part in ['conversations', 'messages'] -%}
left join {{ part }}
    on
        tags_of_periods.tag_key = {{ part }}.tag_key
        and tags_of_periods.account_no = {{ part }}.account_no
        and tags_of_periods.period_start = {{ part }}.period_start
{% endfor -%}
order by accounts.account_id, periods.period_start, tags.tag
