{# Reads the facts and the hours of messages as the build before left them. #}
-- depends_on: {{ ref('int_affected_conversations') }}
{% if is_update() -%}
with affected as (
    select facts.conversation_no, facts.account_id, facts.started_date
    from {{ before_update('int_conversation_facts') }} as facts
    where {{ is_affected('facts.conversation_no') }}
),

dates as (
    select account_id, started_date as local_date from affected
    union
    select affected.account_id, hours.sent_date as local_date
    from {{ before_update('int_message_hours') }} as hours
    inner join affected on hours.conversation_no = affected.conversation_no
)

select dates.account_id, dates.local_date, calendar.week_start, calendar.month_start
from dates
inner join {{ before_update('int_calendar') }} as calendar
    on dates.account_id = calendar.account_id and dates.local_date = calendar.local_date
{%- else -%}
select
    account_id,
    first_utc_date as local_date,
    first_utc_date as week_start,
    first_utc_date as month_start
from {{ ref('int_account_bounds') }}
where false
{%- endif %}
