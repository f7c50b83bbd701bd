-- Detects periods in which all agents, all teams or all channels (with what has none) do not give the figures of the
-- overview; tags overlap. A returned row is such a period of an account.
{{ config(meta={'dagster': {'ref': {'name': 'by_agent'}}}) }}
{% set marts = marts_of_measures() | reject('in', ['overview', 'by_tag']) | list %}
with {% for mart in marts -%}
all_of_{{ mart }} as (
    select
        account_id,
        grain,
        period_start,
        {% for column in additive_columns() -%}
        coalesce(sum({{ column }}), 0) as {{ column }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref(mart) }}
    group by account_id, grain, period_start
){% if not loop.last %},{% endif %}

{% endfor -%}

{% for mart in marts -%}
select
    '{{ mart }}' as mart,
    coalesce(overview.account_id, together.account_id) as account_id,
    coalesce(overview.grain, together.grain) as grain,
    coalesce(overview.period_start, together.period_start) as period_start
from {{ ref('overview') }} as overview
full outer join all_of_{{ mart }} as together
    on
        overview.account_id = together.account_id
        and overview.grain = together.grain
        and overview.period_start = together.period_start
where
    {% for column in additive_columns() -%}
    coalesce(overview.{{ column }}, 0) <> coalesce(together.{{ column }}, 0)
    or {% endfor -%}
    overview.account_id is null
{% if not loop.last %}union all{% endif %}
{% endfor -%}
