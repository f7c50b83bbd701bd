{# Reads the facts and the hours of messages as the build before left them. #}
-- depends_on: {{ ref('int_affected_conversations') }}
{% if is_update() -%}
with {{ affected_credits(
    before_update('int_conversation_facts'), before_update('int_message_hours'), before_update('int_calendar')
) }}

select * from credits
{%- else -%}
select
    account_id,
    cast(null as bigint) as agent_no,
    cast(null as bigint) as tag_set_no,
    first_utc_date as local_date,
    first_utc_date as week_start,
    first_utc_date as month_start
from {{ ref('int_account_bounds') }}
where false
{%- endif %}
