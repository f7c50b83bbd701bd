-- Detects shares of conversations that are not the row's conversations divided by the overview's.
-- A returned row is a row of a mart with such a share.
{{ config(meta={'dagster': {'ref': {'name': 'by_tag'}}}) }}
{% set marts = marts_of_measures() | reject('in', ['overview', 'by_agent']) | list %}
{% for mart in marts -%}
select
    '{{ mart }}' as mart,
    grouped.account_id,
    grouped.grain,
    grouped.period_start
from {{ ref(mart) }} as grouped
inner join {{ ref('overview') }} as overview
    on
        grouped.account_id = overview.account_id
        and grouped.grain = overview.grain
        and grouped.period_start = overview.period_start
where
    (grouped.share_of_conversations is null) <> (overview.conversations = 0)
    or abs(grouped.share_of_conversations * overview.conversations - grouped.conversations)
    > 1e-9 * grouped.conversations
{% if not loop.last %}union all{% endif %}
{% endfor %}
