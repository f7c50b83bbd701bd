{# The measure set: each figure is defined here, once. The first group aggregates conversation facts (and messages) to a
   key, the last macro lays the published columns over the aggregates. #}

{# The marts that have it. #}
{% macro marts_of_measures() -%}
{{ return(['overview', 'by_agent', 'by_tag', 'by_team', 'by_channel']) }}
{%- endmacro %}

{# The durations that belong to the conversation, and those that belong to the first response. #}
{% macro conversation_durations() -%} {{ return(['duration', 'duration_business']) }} {%- endmacro %}
{% macro response_durations() -%} {{ return(['first_response', 'first_response_business']) }} {%- endmacro %}

{% macro duration_aggregates(measure) -%}
    cast(sum({{ measure }}_seconds) as bigint) as {{ measure }}_seconds_sum,
    count({{ measure }}_seconds) as {{ measure }}_count
    {%- set percentiles = percentiles(measure ~ '_seconds') | trim -%}
    {%- if percentiles -%},
    {{ percentiles }} as {{ measure }}_percentiles
    {%- endif %}
{%- endmacro %}

{# The figures of a relation by key, as named queries, the last of which has the `name`: of `durations` with percentiles,
   which `aggregates` has already where an engine can aggregate them in one pass. #}
{% macro figures_by(name, keys, relation, durations, aggregates) -%}
{{ adapter.dispatch('figures_by')(name, keys, relation, durations, aggregates) }}
{%- endmacro %}
{% macro duckdb__figures_by(name, keys, relation, durations, aggregates) -%}
{{ name }} as (
    select
        {{ keys | join(', ') }},
        {{ aggregates | map('trim') | join(',\n    ') | indent }}
    from {{ relation }}
    group by {{ keys | join(', ') }}
)
{%- endmacro %}

{# What belongs to the conversation as a whole, and in by_agent to its assignee. #}
{% macro conversation_aggregates() -%}
    count(*) as conversations,
    count(case when source = 'inbox' then 1 end) as conversations_inbox,
    count(case when source = 'flow' then 1 end) as conversations_flow,
    count(case when source = 'inbound' then 1 end) as conversations_inbound,
    count(case when source = 'other' then 1 end) as conversations_other,
    count(distinct contact_key) as distinct_contacts,
    count(case when is_answered then 1 end) as conversations_answered,
    count(case when not is_answered then 1 end) as conversations_unanswered,
    count(case when is_closed then 1 end) as conversations_closed,
    count(case when reopens > 0 then 1 end) as conversations_reopened,
    cast(sum(reopens) as bigint) as reopens,
    {% for duration in conversation_durations() -%}
    {{ duration_aggregates(duration) }},
    {% endfor -%}
    count(case when is_surveyed then 1 end) as surveys,
    count(rating) as ratings,
    cast(sum(rating) as bigint) as rating_sum,
    {% for score in range(1, 6) -%}
    count(case when rating = {{ score }} then 1 end) as rating_{{ score }},
    {% endfor -%}
    count(case when is_satisfied then 1 end) as ratings_satisfied
{%- endmacro %}

{# What belongs to the first response, and in by_agent to the agent who gave it. #}
{% macro first_response_aggregates() -%}
    {% for duration in response_durations() -%}
    {{ duration_aggregates(duration) }}{% if not loop.last %},{% endif %}
    {% endfor -%}
{%- endmacro %}

{# What belongs to the replies to a conversation; in by_agent each reply to the agent who gave it. #}
{% macro reply_aggregates() -%}
    cast(sum(replies) as bigint) as replies,
    cast(sum(reply_seconds_sum) as bigint) as reply_seconds_sum
{%- endmacro %}

{% macro message_aggregates() -%}
    cast(sum(messages_inbound) as bigint) as messages_inbound,
    cast(sum(messages_outbound) as bigint) as messages_outbound,
    cast(sum(messages_failed) as bigint) as messages_failed
{%- endmacro %}

{% macro duration_columns(relation, measure) -%}
    {{ relation }}.{{ measure }}_seconds_sum,
    coalesce({{ relation }}.{{ measure }}_count, 0) as {{ measure }}_count,
    cast({{ relation }}.{{ measure }}_seconds_sum as double) / nullif({{ relation }}.{{ measure }}_count, 0)
        as avg_{{ measure }}_seconds,
    {{ percentile_of(relation ~ '.' ~ measure ~ '_percentiles', 1) }} as median_{{ measure }}_seconds,
    {{ percentile_of(relation ~ '.' ~ measure ~ '_percentiles', 2) }} as p90_{{ measure }}_seconds
{%- endmacro %}

{% macro message_columns(messages) -%}
    coalesce({{ messages }}.messages_inbound, 0) + coalesce({{ messages }}.messages_outbound, 0) as messages,
    {% for column in ['messages_inbound', 'messages_outbound', 'messages_failed'] -%}
    coalesce({{ messages }}.{{ column }}, 0) as {{ column }}
    {%- if not loop.last %},
    {% endif %}
    {%- endfor %}
{%- endmacro %}

{# The published measures, from the relations that hold their aggregates (`accounts` has the rating scale). #}
{% macro measure_columns(conversations='conversations', responses='conversations', replies='conversations', messages='messages') -%}
    {% for column in [
        'conversations', 'conversations_inbox', 'conversations_flow', 'conversations_inbound', 'conversations_other',
        'distinct_contacts'
    ] -%}
    coalesce({{ conversations }}.{{ column }}, 0) as {{ column }},
    {% endfor -%}
    {{ message_columns(messages) }},
    {% for column in ['conversations_answered', 'conversations_unanswered', 'conversations_closed', 'conversations_reopened', 'reopens'] -%}
    coalesce({{ conversations }}.{{ column }}, 0) as {{ column }},
    {% endfor -%}
    {% for duration in response_durations() -%}
    {{ duration_columns(responses, duration) }},
    {% endfor -%}
    {% for duration in conversation_durations() -%}
    {{ duration_columns(conversations, duration) }},
    {% endfor -%}
    {{ replies }}.reply_seconds_sum,
    coalesce({{ replies }}.replies, 0) as replies,
    cast({{ replies }}.reply_seconds_sum as double) / nullif({{ replies }}.replies, 0) as avg_reply_seconds,
    coalesce({{ conversations }}.surveys, 0) as surveys,
    coalesce({{ conversations }}.ratings, 0) as ratings,
    {{ conversations }}.rating_sum,
    cast({{ conversations }}.rating_sum as double) / nullif({{ conversations }}.ratings, 0) as avg_rating,
    {% for score in range(1, 6) -%}
    case
        when accounts.rating_worst = 1 and accounts.rating_best = 5
            then coalesce({{ conversations }}.rating_{{ score }}, 0)
    end as rating_{{ score }},
    {% endfor -%}
    coalesce({{ conversations }}.ratings_satisfied, 0) as ratings_satisfied,
    100.0 * cast({{ conversations }}.ratings_satisfied as double) / nullif({{ conversations }}.ratings, 0) as csat_percent,
    100.0 * cast({{ conversations }}.ratings as double) / nullif({{ conversations }}.surveys, 0) as survey_response_percent
{%- endmacro %}
