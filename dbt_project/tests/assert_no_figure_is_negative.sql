-- Detects counts and seconds below zero.
-- A returned row is a row of a mart with such a figure.
{{ config(meta={'dagster': {'ref': {'name': 'by_tag'}}}) }}
{% set measures = response_durations() + conversation_durations() %}
{% set figures = additive_columns() + ['distinct_contacts', 'avg_reply_seconds'] %}
{% for measure in measures -%}
{% for kind in ['avg_', 'median_', 'p90_'] -%}
{% do figures.append(kind ~ measure ~ '_seconds') %}
{%- endfor -%}
{%- endfor -%}
{% for mart in marts_of_measures() -%}
select
    '{{ mart }}' as mart,
    account_id,
    grain,
    cast(period_start as string) as period_start_or_conversation
from {{ ref(mart) }}
where least({{ figures | join(', ') }}) < 0
union all
{% endfor -%}
select
    'details' as mart,
    account_id,
    source_system,
    conversation_id
from {{ ref('details') }}
where
    least(
        reopens, messages, messages_inbound, messages_outbound, messages_human, messages_failed, replies,
        reply_seconds_sum, first_response_seconds, first_response_business_seconds, duration_seconds,
        duration_business_seconds
    ) < 0
