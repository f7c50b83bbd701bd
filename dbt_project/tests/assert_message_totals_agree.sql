-- Detects messages that the overview counts over all days and the details over all conversations do not, or reversed.
-- A returned row is an account with such messages.
{{ config(meta={'dagster': {'ref': {'name': 'overview'}}}) }}
{% set columns = ['messages', 'messages_inbound', 'messages_outbound', 'messages_failed'] %}
with days as (
    select
        account_id,
        {% for column in columns -%}
        sum({{ column }}) as {{ column }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('overview') }}
    where grain = 'day'
    group by account_id
),

conversations as (
    select
        account_id,
        {% for column in columns -%}
        sum({{ column }}) as {{ column }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('details') }}
    group by account_id
)

select
    coalesce(days.account_id, conversations.account_id) as account_id,
    days.messages as messages_of_overview,
    conversations.messages as messages_of_details
from days
full outer join conversations on days.account_id = conversations.account_id
where
    {% for column in columns -%}
    days.{{ column }} <> conversations.{{ column }}
    or {% endfor -%}
    days.account_id is null
    or conversations.account_id is null
