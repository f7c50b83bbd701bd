-- depends_on: {{ ref('int_affected_credits') }}
{% if is_update() -%}
select distinct account_id, grain, period_start from {{ ref('int_affected_credits') }}
{%- else -%}
select account_id, grain, period_start from {{ ref('int_periods') }}
{%- endif %}
