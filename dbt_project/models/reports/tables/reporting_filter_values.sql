{{ config(alias='filter_values') }}
with conversations as (
    select distinct traits.account_id, facts.tag_set_no, facts.contact_tag_set_no
    from {{ ref('reporting_conversations') }} as facts
    inner join {{ ref('int_traits') }} as traits on facts.traits_no = traits.traits_no
)

select account_id, 'agents' as parameter, agent_id as value
from {{ ref('reporting_agents') }}
where agent_id is not null
union
select account_id, 'agents' as parameter, agent_email as value
from {{ ref('reporting_agents') }}
where agent_email is not null
union
select conversations.account_id, 'conversation_tags' as parameter, {{ each_of('tag_sets.tags') }} as value
from conversations
inner join {{ ref('reporting_tag_sets') }} as tag_sets on conversations.tag_set_no = tag_sets.tag_set_no
union
select conversations.account_id, 'contact_tags' as parameter, {{ each_of('tag_sets.tags') }} as value
from conversations
inner join {{ ref('reporting_tag_sets') }} as tag_sets on conversations.contact_tag_set_no = tag_sets.tag_set_no
union
select account_id, 'source_systems' as parameter, source_system as value
from {{ ref('stg_settings__sources') }}
{% for parameter, filter in filters().items() if filter.what -%}
{% if filter.trait -%}
union
select accounts.account_id, '{{ parameter }}' as parameter, traits.{{ filter.trait }} as value
from {{ ref('reporting_traits') }} as traits
inner join {{ ref('reporting_accounts') }} as accounts on traits.account_no = accounts.account_no
{% endif -%}
{% for value in filter.always -%}
union
select account_id, '{{ parameter }}' as parameter, '{{ value }}' as value
from {{ ref('stg_settings__accounts') }}
{% endfor -%}
{% endfor -%}
