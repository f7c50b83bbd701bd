{# All that figures are credited to, by key: the agents, known or not, and of each source nobody. #}
{% macro credited_agents() -%}
select
    keys.agent_key,
    keys.agent_no,
    keys.account_id,
    keys.source_system,
    keys.agent_id,
    case when keys.agent_id is null then '(unassigned)' else known.agent_name end as agent_name,
    known.agent_email
from {{ ref('int_agent_keys') }} as keys
left join {{ ref('int_agents') }} as known
    on keys.source_key = known.source_key and keys.agent_id = known.agent_id
{%- endmacro %}
