{# A run stays when its conversation is unknown or deleted: it is then of none. #}
select
    runs.flow_key,
    runs.account_id,
    runs.started_date,
    runs.status,
    runs.contact_key,
    facts.conversation_key
from {{ ref('int_flow_runs') }} as runs
left join {{ ref('int_conversation_facts') }} as facts on runs.conversation_key = facts.conversation_key
where not runs.is_deleted and not runs.is_test
