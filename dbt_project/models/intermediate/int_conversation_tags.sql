select
    conversation_no,
    account_id,
    started_date,
    {{ each_of("case when len(conversation_tags) > 0 then conversation_tags else ['(untagged)'] end") }} as tag
from {{ ref('int_conversation_facts') }}
