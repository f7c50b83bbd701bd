{# Reads the agents as the build before left them. #}
with {{ latest_versions('agents') }}

select latest_versions.source_no, latest_versions.source_system, latest_versions.agent_id
from latest_versions
{% if is_update() -%}
left join {{ before_update('int_agents') }} as in_force
    on latest_versions.source_no = in_force.source_no and latest_versions.agent_id = in_force.agent_id
where
    latest_versions.agent_name is distinct from in_force.agent_name
    or latest_versions.agent_email is distinct from in_force.agent_email
{%- endif %}
