{{ config(materialized='view') }}
select
    conversation_key,
    waiting_since,
    replied_at,
    agent_key,
    reply_seconds,
    is_first
from {{ ref('int_waits') }}
where replied_at is not null
