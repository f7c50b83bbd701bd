{{ config(alias='agents') }}
with agents as (
    {{ credited_agents() | indent(4) }}
)

select
    agent_no,
    account_id,
    source_system,
    agent_id,
    agent_name,
    agent_email
from agents
