{{ config(materialized='incremental', unique_key='conversation_no') }}
with {{ latest_versions('conversations') }}{% if is_update() %},

known as (
    select source_system, conversation_id, conversation_no
    from {{ this }}
    where conversation_id in (select conversation_id from latest_versions where conversation_id <> '')
),

newest_number as (
    select coalesce(max(conversation_no), 0) as conversation_no
    from {{ this }}
){% endif %}

select
    -- ids: whole numbers, so that what follows joins and groups by numbers
    {% if is_update() -%}
    coalesce(known.conversation_no, newest_number.conversation_no + {{ row_numbers() }}) as conversation_no,
    {%- else -%}
    {{ row_numbers() }} as conversation_no,
    {%- endif %}
    contacts.contact_no,
    coalesce(agents.agent_no, -latest_versions.source_no) as agent_no,
    latest_versions.source_no,
    latest_versions.account_id,
    latest_versions.source_system,
    latest_versions.conversation_id,
    latest_versions.contact_id,
    latest_versions.agent_id,

    -- text
    latest_versions.channel,
    latest_versions.team,
    latest_versions.source_raw,
    latest_versions.source_word,
    case
        when latest_versions.status_word in ('new', 'created') then 'new'
        when latest_versions.status_word in ('flow', 'flow_paused', 'in_flow') then 'in_flow'
        when latest_versions.status_word in ('in_progress', 'open') then 'in_progress'
        when latest_versions.status_word in ('closed', 'resolved') then 'closed'
        else 'other'
    end as status,
    tag_sets.tag_set_no,

    -- instants
    latest_versions.started_at,
    {{ local_date('clock', 'latest_versions.started_at') }} as started_date,
    {{ local_hour('clock', 'latest_versions.started_at') }} as started_hour,
    latest_versions.closed_at,

    -- versions
    latest_versions.is_deleted,
    latest_versions.updated_at
from latest_versions
inner join {{ ref('int_tag_sets') }} as tag_sets on latest_versions.delivered_tags = tag_sets.delivered_tags
left join {{ ref('int_contact_numbers') }} as contacts
    on
        latest_versions.source_system = contacts.source_system
        and latest_versions.contact_id = contacts.contact_id
left join {{ ref('int_agent_numbers') }} as agents
    on latest_versions.source_no = agents.source_no and latest_versions.agent_id = agents.agent_id
{{ join_clock('clock', 'latest_versions.account_id', 'latest_versions.started_at') }}
{% if is_update() -%}
left join known
    on
        latest_versions.source_system = known.source_system
        and latest_versions.conversation_id = known.conversation_id
cross join newest_number
{%- endif %}
