{{ config(parameters=['account', 'first_day', 'last_day', "grain := 'day'"] + report_filters()) }}
{# `grain` changes nothing here: it is there so that all reports can be asked in the same words. #}
with {{ asked_accounts() }},

{{ asked_dates() }}

select details.*
from {{ published('details') }} as details
inner join asked_dates on details.started_date = asked_dates.local_date
where
    {{ is_of_account('details.account_id') }}
    and {{ matches_agents('details.agent_id', 'details.agent_email') }}
    and {{ matches_any('contact_tags', 'details.contact_tags') }}
    and {{ matches_conversation_tags('details.conversation_tags') }}
    and {{ matches_traits('details', {
        'is_rated': 'details.rating is not null',
        'team': named_or_none('details.team', 'team'),
        'channel': named_or_none('details.channel', 'channel'),
    }) }}
