{{ config(incremental_predicates=[
    '(account_id, grain, period_start) in (select account_id, grain, period_start from intermediate.int_affected_periods)'
]) }}
-- depends_on: {{ ref('int_affected_credits') }}, {{ ref('int_affected_periods') }}
with {% if is_update() -%}
affected_tags as (
    select distinct credits.account_id, credits.grain, credits.period_start, tags.tag, tags.tag_no
    from {{ ref('int_affected_credits') }} as credits
    inner join {{ ref('int_tags') }} as tags on credits.tag_set_no = tags.tag_set_no
),

{{ affected_dates('affected_tags', 'tag_no') }},

{% endif -%}
conversations as (
    select
        tags.tag_no,
        periods_of_date.period_no,
        {{ conversation_aggregates() }},
        {{ first_response_aggregates() }},
        cast(sum(facts.replies) as bigint) as replies,
        cast(sum(facts.reply_seconds_sum) as bigint) as reply_seconds_sum
    from {{ ref('int_conversation_facts') }} as facts
    inner join {{ ref('int_tags') }} as tags on facts.tag_set_no = tags.tag_set_no
    {{ join_periods('facts.account_id', 'facts.started_date', 'tags.tag_no') }}
    group by tags.tag_no, periods_of_date.period_no
),

message_dates as (
    select source_no, tag_set_no, sent_date, {{ message_aggregates() }}
    from {{ ref('int_message_hours') }}
    where {{ is_of_affected_period('sent_date') }}
    group by source_no, tag_set_no, sent_date
),

messages as (
    select tags.tag_no, periods_of_date.period_no, {{ message_aggregates() }}
    from message_dates
    inner join {{ ref('int_tags') }} as tags on message_dates.tag_set_no = tags.tag_set_no
    inner join {{ source('settings', 'sources') }} as sources on message_dates.source_no = sources.source_no
    {{ join_periods('sources.account_id', 'message_dates.sent_date', 'tags.tag_no') }}
    group by tags.tag_no, periods_of_date.period_no
),

tags_of_periods as (
    select tag_no, period_no from conversations
    union
    select tag_no, period_no from messages
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
    inner join (select distinct tag_no, tag from {{ ref('int_tags') }}) as tags on tags_of_periods.tag_no = tags.tag_no
    inner join {{ ref('int_periods') }} as periods on tags_of_periods.period_no = periods.period_no
    inner join {{ ref('overview') }} as overview
        on
            periods.account_id = overview.account_id
            and periods.grain = overview.grain
            and periods.period_start = overview.period_start
    inner join {{ source('settings', 'accounts') }} as accounts on periods.account_id = accounts.account_id
    left join conversations
        on tags_of_periods.tag_no = conversations.tag_no and tags_of_periods.period_no = conversations.period_no
    left join messages on tags_of_periods.tag_no = messages.tag_no and tags_of_periods.period_no = messages.period_no
)

select * from made
{% if is_update() -%}
union all
{# the other tags of affected periods, of which the conversations of all tags may be others #}
select
    {% for column in adapter.get_columns_in_relation(this) | map(attribute='name') -%}
    {% if column == 'share_of_conversations' -%}
    cast(carried.conversations as double) / nullif(overview.conversations, 0) as share_of_conversations
    {%- else -%}
    carried.{{ column }}
    {%- endif %}
    {%- if not loop.last %},{% endif %}
    {% endfor %}
from {{ this }} as carried
inner join {{ ref('int_affected_periods') }} as affected
    on
        carried.account_id = affected.account_id
        and carried.grain = affected.grain
        and carried.period_start = affected.period_start
inner join {{ ref('overview') }} as overview
    on
        carried.account_id = overview.account_id
        and carried.grain = overview.grain
        and carried.period_start = overview.period_start
where
    (carried.account_id, carried.grain, carried.period_start, carried.tag) not in (
        select affected_tags.account_id, affected_tags.grain, affected_tags.period_start, affected_tags.tag
        from affected_tags
    )
{%- endif %}
order by account_id, grain, period_start, tag
