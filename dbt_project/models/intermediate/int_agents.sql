{{ latest_versions(ref('stg_export__agents'), 'agent_id') }}

select
    source_system,
    agent_id,
    agent_name,
    agent_email
from latest_versions
