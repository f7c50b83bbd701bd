{{ config(parameters=['account', 'first_day', 'last_day'] + report_filters()) }}
with {{ asked_accounts(has_grain=false) }},

{{ chosen_numbers() }},

hours_of_week as (
    select
        accounts.account_no,
        accounts.account_id,
        weekdays.weekday,
        hours.hour
    from asked_accounts as accounts
    cross join (select {{ number_series(7) }} + 1 as weekday) as weekdays
    cross join (select {{ number_series(24) }} as hour) as hours
),

conversations as (
    select
        chosen_traits.account_no,
        {{ iso_weekday('facts.started_date') }} as weekday,
        facts.started_hour as hour,
        count(*) as conversations
    from {{ published('reporting_conversations') }} as facts
    {{ join_traits('facts') }}
    where
        facts.started_date between {{ asked_date('first_day') }} and {{ asked_date('last_day') }}
        and {{ is_chosen('facts') }}
    group by all
),

messages as (
    select
        chosen_traits.account_no,
        {{ iso_weekday('hours.sent_date') }} as weekday,
        hours.sent_hour as hour,
        {{ message_aggregates() }}
    from {{ published('reporting_messages') }} as hours
    {{ join_traits('hours') }}
    where
        hours.sent_date between {{ asked_date('first_day') }} and {{ asked_date('last_day') }}
        and {{ is_chosen('hours') }}
    group by all
)

select
    hours_of_week.account_id,
    hours_of_week.weekday,
    hours_of_week.hour,
    coalesce(conversations.conversations, 0) as conversations,
    {{ message_columns('messages') }}
from hours_of_week
left join conversations
    on
        hours_of_week.account_no = conversations.account_no
        and hours_of_week.weekday = conversations.weekday
        and hours_of_week.hour = conversations.hour
left join messages
    on
        hours_of_week.account_no = messages.account_no
        and hours_of_week.weekday = messages.weekday
        and hours_of_week.hour = messages.hour
order by hours_of_week.account_id, hours_of_week.weekday, hours_of_week.hour
