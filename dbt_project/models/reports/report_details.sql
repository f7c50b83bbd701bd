{{ config(parameters=['account', 'first_day', 'last_day', "grain := 'day'"] + report_filters()) }}
{# `grain` changes nothing here: it is there so that all reports can be asked in the same words. #}
select details.*
from {{ published('details') }} as details
where
    {{ is_of_account('details.account_id') }}
    and details.started_date between {{ asked('first_day') }} and {{ asked('last_day') }}
    and {{ matches_agents('details.agent_id', 'details.agent_email') }}
    and {{ matches_any('contact_tags', 'details.contact_tags') }}
    and {{ matches_any('conversation_tags', 'details.conversation_tags') }}
    and {{ is_chosen('details') }}
