{{ config(parameters=['account', 'first_day', 'last_day'] + report_filters()) }}
with {{ chosen_numbers() }},

hours_of_week as (
    select
        accounts.account_id,
        weekdays.weekday,
        hours.hour
    from {{ published('reporting_accounts') }} as accounts
    cross join (select {{ number_series(7) }} + 1 as weekday) as weekdays
    cross join (select {{ number_series(24) }} as hour) as hours
    where {{ is_of_account('accounts.account_id') }} and {{ asked('first_day') }} <= {{ asked('last_day') }}
),

conversations as (
    select {{ iso_weekday('facts.started_date') }} as weekday, facts.started_hour as hour, count(*) as conversations
    from {{ published('reporting_conversations') }} as facts
    {{ join_chosen('facts') }}
    where
        facts.started_date between {{ asked('first_day') }} and {{ asked('last_day') }}
        and {{ is_chosen('facts') }}
    group by weekday, hour
),

messages as (
    select {{ iso_weekday('hours.sent_date') }} as weekday, hours.sent_hour as hour, {{ message_aggregates() }}
    from {{ published('reporting_messages') }} as hours
    {{ join_chosen('hours') }}
    where
        hours.sent_date between {{ asked('first_day') }} and {{ asked('last_day') }}
        and {{ is_chosen('hours') }}
    group by weekday, hour
)

select
    hours_of_week.account_id,
    hours_of_week.weekday,
    hours_of_week.hour,
    coalesce(conversations.conversations, 0) as conversations,
    {{ message_columns('messages') }}
from hours_of_week
left join conversations
    on hours_of_week.weekday = conversations.weekday and hours_of_week.hour = conversations.hour
left join messages on hours_of_week.weekday = messages.weekday and hours_of_week.hour = messages.hour
order by hours_of_week.weekday, hours_of_week.hour
