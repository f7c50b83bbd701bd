{{ config(materialized='view') }}
select
    facts.conversation_no,
    facts.account_id,
    facts.started_date,
    {{ each_of("case when len(conversations.conversation_tags) > 0 then conversations.conversation_tags else ['(untagged)'] end") }}
        as tag
from {{ ref('int_conversation_facts') }} as facts
inner join {{ ref('int_conversations') }} as conversations on facts.conversation_no = conversations.conversation_no
