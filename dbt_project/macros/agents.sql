{# All that figures are credited to, by number: the agents, known or not, and of each source nobody, a negative one. #}
{% macro numbered_agents() -%}
select
    numbers.agent_no,
    sources.account_id,
    numbers.source_system,
    numbers.agent_id,
    known.agent_name,
    known.agent_email
from {{ ref('int_agent_numbers') }} as numbers
inner join {{ source('settings', 'sources') }} as sources on numbers.source_no = sources.source_no
left join {{ ref('int_agents') }} as known
    on numbers.source_no = known.source_no and numbers.agent_id = known.agent_id
union all
select
    -source_no as agent_no,
    account_id,
    source_system,
    cast(null as varchar) as agent_id,
    '(unassigned)' as agent_name,
    cast(null as varchar) as agent_email
from {{ source('settings', 'sources') }}
{%- endmacro %}
