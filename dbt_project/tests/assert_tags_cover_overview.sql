-- Detects periods in which one tag exceeds the overview, or all tags together stay below it.
-- A returned row is such a period of an account.
{{ config(meta={'dagster': {'ref': {'name': 'by_tag'}}}) }}
{% set columns = additive_columns() + ['distinct_contacts'] %}
with tags as (
    select
        account_id,
        grain,
        period_start,
        {% for column in columns -%}
        max({{ column }}) as highest_{{ column }},
        sum({{ column }}) as sum_{{ column }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('by_tag') }}
    group by account_id, grain, period_start
)

select
    coalesce(overview.account_id, tags.account_id) as account_id,
    coalesce(overview.grain, tags.grain) as grain,
    coalesce(overview.period_start, tags.period_start) as period_start
from {{ ref('overview') }} as overview
full outer join tags
    on
        overview.account_id = tags.account_id
        and overview.grain = tags.grain
        and overview.period_start = tags.period_start
where
    {% for column in columns -%}
    coalesce(tags.highest_{{ column }}, 0) > coalesce(overview.{{ column }}, 0)
    or coalesce(tags.sum_{{ column }}, 0) < coalesce(overview.{{ column }}, 0)
    or {% endfor -%}
    overview.account_id is null
