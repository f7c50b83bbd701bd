{# The measure set by a group of the conversation, such as its team: the mart, and the report for any filter. All that is
   counted follows the conversation, and carries a `key` by which `groups`, a relation, tells the names of its groups.
   Here: what these marts and reports share. Not here: figures that are credited to people (`by_agent.sql`). #}

{# The groups with a number each: what is counted is grouped by a number, not by a name. #}
{% macro numbered_groups(group, groups, key) -%}
numbered_groups as (
    select
        named_groups.{{ key }},
        named_groups.{{ group }},
        dense_rank() over (order by named_groups.{{ group }}) as group_key
    from {{ groups }} as named_groups
)
{%- endmacro %}

{% macro mart_by_group(group, groups, key) -%}
with {{ numbered_groups(group, groups, key) }},

conversations_of_groups as (
    select numbered_groups.group_key, periods_of_date.period_key, facts.*
    from {{ ref('int_conversation_facts') }} as facts
    inner join numbered_groups on facts.{{ key }} = numbered_groups.{{ key }}
    {{ join_periods('facts.account_id', 'facts.started_date') }}
),

{{ figures_by(
    'conversations', ['group_key', 'period_key'], 'conversations_of_groups',
    conversation_durations() + response_durations(),
    [conversation_aggregates(), first_response_aggregates(), reply_aggregates()]
) }},

message_dates as (
    select source_key, {{ key }}, sent_date, {{ message_aggregates() }}
    from {{ ref('int_message_hours') }}
    group by source_key, {{ key }}, sent_date
),

messages as (
    select numbered_groups.group_key, periods_of_date.period_key, {{ message_aggregates() }}
    from message_dates
    inner join numbered_groups on message_dates.{{ key }} = numbered_groups.{{ key }}
    inner join {{ ref('stg_settings__sources') }} as sources on message_dates.source_key = sources.source_key
    {{ join_periods('sources.account_id', 'message_dates.sent_date') }}
    group by numbered_groups.group_key, periods_of_date.period_key
),

groups_of_periods as (
    select group_key, period_key from conversations
    union
    select group_key, period_key from messages
),

made as (
    select
        periods.account_id,
        periods.grain,
        periods.period_start,
        periods.period_end,
        periods.is_complete,
        known_groups.{{ group }},
        cast(coalesce(conversations.conversations, 0) as double) / nullif(overview.conversations, 0)
            as share_of_conversations,
        {{ measure_columns() }}
    from groups_of_periods
    inner join (select distinct group_key, {{ group }} from numbered_groups) as known_groups
        on groups_of_periods.group_key = known_groups.group_key
    inner join {{ ref('int_periods') }} as periods on groups_of_periods.period_key = periods.period_key
    inner join {{ ref('overview') }} as overview
        on
            periods.account_id = overview.account_id
            and periods.grain = overview.grain
            and periods.period_start = overview.period_start
    inner join {{ ref('stg_settings__accounts') }} as accounts on periods.account_id = accounts.account_id
    {% for part in ['conversations', 'messages'] -%}
    left join {{ part }}
        on
            groups_of_periods.group_key = {{ part }}.group_key
            and groups_of_periods.period_key = {{ part }}.period_key
    {% endfor -%}
)

select * from made
order by account_id, grain, period_start, {{ group }}
{%- endmacro %}

{% macro report_by_group(group, groups, key) -%}
with {{ asked_accounts() }},

{{ asked_periods() }},

{{ chosen_numbers() }},

{{ numbered_groups(group, groups, key) }},

conversations as (
    select
        numbered_groups.group_key,
        chosen_traits.account_no,
        {{ period_start('chosen_traits') }} as period_start,
        {{ conversation_aggregates() }},
        {{ first_response_aggregates() }},
        {{ reply_aggregates() }}
    from {{ published('reporting_conversations') }} as facts
    inner join numbered_groups on facts.{{ key }} = numbered_groups.{{ key }}
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

messages_of_keys as (
    select
        hours.{{ key }},
        chosen_traits.account_no,
        {{ period_start('chosen_traits') }} as period_start,
        {{ message_aggregates() }}
    from {{ published('reporting_messages') }} as hours
    {{ join_chosen('hours', 'sent_date') }}
    group by all
),

messages as (
    select
        numbered_groups.group_key,
        messages_of_keys.account_no,
        messages_of_keys.period_start,
        {{ message_aggregates() }}
    from messages_of_keys
    inner join numbered_groups on messages_of_keys.{{ key }} = numbered_groups.{{ key }}
    group by numbered_groups.group_key, messages_of_keys.account_no, messages_of_keys.period_start
),

groups_of_periods as (
    select group_key, account_no, period_start from conversations
    union
    select group_key, account_no, period_start from messages
)

select
    accounts.account_id,
    {{ period_columns() }},
    known_groups.{{ group }},
    cast(coalesce(conversations.conversations, 0) as double) / nullif(conversations_of_periods.conversations, 0)
        as share_of_conversations,
    {{ measure_columns() }}
from groups_of_periods
inner join (select distinct group_key, {{ group }} from numbered_groups) as known_groups
    on groups_of_periods.group_key = known_groups.group_key
inner join asked_accounts as accounts on groups_of_periods.account_no = accounts.account_no
inner join asked_periods as periods
    on groups_of_periods.account_no = periods.account_no and groups_of_periods.period_start = periods.period_start
left join conversations_of_periods
    on
        groups_of_periods.account_no = conversations_of_periods.account_no
        and groups_of_periods.period_start = conversations_of_periods.period_start
{% for part in ['conversations', 'messages'] -%}
left join {{ part }}
    on
        groups_of_periods.group_key = {{ part }}.group_key
        and groups_of_periods.account_no = {{ part }}.account_no
        and groups_of_periods.period_start = {{ part }}.period_start
{% endfor -%}
order by accounts.account_id, periods.period_start, known_groups.{{ group }}
{%- endmacro %}
