-- Detects counts that are not the sum of their parts: conversations by source, messages by direction, ratings by score.
-- A returned row is a row of a mart with such a count.
{{ config(meta={'dagster': {'ref': {'name': 'by_tag'}}}) }}
{% for mart in marts_of_measures() -%}
select
    '{{ mart }}' as mart,
    account_id,
    grain,
    period_start,
    conversations,
    messages,
    ratings
from {{ ref(mart) }}
where
    conversations <> conversations_inbox + conversations_flow + conversations_inbound + conversations_other
    or messages <> messages_inbound + messages_outbound
    or ratings <> rating_1 + rating_2 + rating_3 + rating_4 + rating_5
{% if not loop.last %}union all{% endif %}
{% endfor %}
