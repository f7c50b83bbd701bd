{# The columns of the measure set that may be summed over days, agents or sources: every count and sum but the distinct
   contacts. The tests that compare the marts with each other go through this list. #}
{% macro additive_columns() -%}
{%- set columns = [
    'conversations', 'conversations_inbox', 'conversations_flow', 'conversations_inbound', 'conversations_other',
    'messages', 'messages_inbound', 'messages_outbound', 'messages_failed',
    'conversations_answered', 'conversations_unanswered', 'conversations_closed',
    'conversations_reopened', 'reopens',
    'reply_seconds_sum', 'replies', 'surveys', 'ratings', 'rating_sum',
    'rating_1', 'rating_2', 'rating_3', 'rating_4', 'rating_5', 'ratings_satisfied'
] -%}
{%- for measure in response_durations() + conversation_durations() -%}
{%- do columns.extend([measure ~ '_seconds_sum', measure ~ '_count']) -%}
{%- endfor -%}
{{ return(columns) }}
{%- endmacro %}
