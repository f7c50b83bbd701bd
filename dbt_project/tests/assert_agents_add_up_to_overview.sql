-- Detects periods in which the agents together (and what has no agent) do not give the figures of the overview.
-- A returned row is such a period of an account.
{{ config(meta={'dagster': {'ref': {'name': 'by_agent'}}}) }}
with agents as (
    select
        account_id,
        grain,
        period_start,
        {% for column in additive_columns() -%}
        coalesce(sum({{ column }}), 0) as {{ column }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('by_agent') }}
    group by account_id, grain, period_start
)

select
    coalesce(overview.account_id, agents.account_id) as account_id,
    coalesce(overview.grain, agents.grain) as grain,
    coalesce(overview.period_start, agents.period_start) as period_start
from {{ ref('overview') }} as overview
full outer join agents
    on
        overview.account_id = agents.account_id
        and overview.grain = agents.grain
        and overview.period_start = agents.period_start
where
    {% for column in additive_columns() -%}
    coalesce(overview.{{ column }}, 0) <> coalesce(agents.{{ column }}, 0)
    or {% endfor -%}
    overview.account_id is null
