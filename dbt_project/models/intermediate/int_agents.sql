{{ config(materialized='incremental', unique_key=['source_no', 'agent_id']) }}
-- depends_on: {{ ref('int_renamed_agents') }}
with {{ latest_versions('agents') }}

select
    source_no,
    source_system,
    agent_id,
    agent_name,
    agent_email,
    updated_at
from latest_versions
