{{ config(parameters=['account', 'first_day', 'last_day', "grain := 'day'"] + report_filters()) }}
{# The rows that `report_backlog` counts at the end of each day or hour. #}
with {{ asked_accounts(of_hours=true) }},

{{ chosen_numbers() }},

{{ asked_backlog() }},

{{ standing_at_ends(whole_days=false) }},

teams as (
    select distinct team_no, account_no, source_system, team
    from teams_of_traits
)

select
    accounts.account_id,
    periods.local_date,
    periods.hour_start,
    teams.source_system,
    opened.conversation_id,
    teams.team,
    opened.opened_at,
    case
        when waiting.waiting_seconds is not null then 'waiting_for_us'
        when waiting.ends_at is not null then 'waiting_unknown'
        when opened.has_messages then 'waiting_for_customer'
    end as state,
    case when waiting.waiting_seconds is not null then waiting.is_unanswered end as is_unanswered,
    case when waiting.waiting_seconds is not null then waiting.waiting_since end as waiting_since,
    waiting.waiting_seconds,
    opened.open_seconds
from open_at_ends as opened
inner join teams on opened.team_no = teams.team_no
inner join asked_accounts as accounts on teams.account_no = accounts.account_no
inner join periods on opened.source_no = periods.source_no and opened.ends_at = periods.ends_at
left join waiting_at_ends as waiting
    on
        opened.source_no = waiting.source_no
        and opened.conversation_id = waiting.conversation_id
        and opened.ends_at = waiting.ends_at
