{# Whoever is named as an assignee or a sender, known in `agents` or not; and of each source nobody, for what names no
   agent. #}
with named as (
    select source_system, agent_id from {{ ref('int_agents__unioned') }}
    union
    select source_system, agent_id from {{ ref('int_conversations__unioned') }}
    union
    select source_system, agent_id
    from {{ ref('int_messages__unioned') }}
    where sender_type = 'agent'
    union
    select source_system, cast(null as string) as agent_id from {{ ref('stg_settings__sources') }}
)

select
    {{ surrogate_key(['named.source_system', 'named.agent_id']) }} as agent_key,
    -- dense, and of this build only: what the reports for any filter name agents by
    row_number() over (order by named.source_system, named.agent_id) as agent_no,
    sources.source_key,
    sources.account_id,
    named.source_system,
    named.agent_id
from named
inner join {{ ref('stg_settings__sources') }} as sources on named.source_system = sources.source_system
