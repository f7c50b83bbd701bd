{# Whoever left keeps the last known name: nothing is deleted here. #}
with versions as (
    {{ ranked_versions(source('activecampaign', 'members'), 'agent_id') }}
)

select
    source_system,
    agent_id,
    {{ full_name('first_name', 'last_name') }} as agent_name,
    email as agent_email,

    -- versions
    cast(null as timestamp) as updated_at,
    _batch,
    _file,
    _line
from versions
where version_rank = 1
