with {{ latest_versions('agents') }}

select
    source_key,
    source_system,
    agent_id,
    agent_name,
    agent_email,
    updated_at
from latest_versions
