{# The filters of the reports: which conversations a figure is about. Here: the one list of them, from which follow the
   parameters of the report macros, their conditions, and the table of the values that there are. #}

{# By parameter. A list, which has a `what` (the word for one of its values), matches when any of its values does;
   `always` are values that every account has. The others are true or false. A `trait` is a column of `reporting_traits`.
   New ones come last: parameters may be given by position. #}
{% macro filters() -%}
{{ return({
    'agents': {'what': 'agent', 'always': ['(unassigned)']},
    'contact_tags': {'what': 'contact tag', 'always': []},
    'conversation_tags': {'what': 'conversation tag', 'always': ['(untagged)']},
    'working_hours': {'trait': 'started_in_working_hours'},
    'sources': {'what': 'source', 'always': ['inbox', 'flow', 'inbound', 'other'], 'trait': 'source'},
    'source_systems': {'what': 'source system', 'always': [], 'trait': 'source_system'},
    'statuses': {'what': 'status', 'always': ['new', 'in_flow', 'in_progress', 'closed', 'other'], 'trait': 'status'},
    'answered': {'trait': 'is_answered'},
    'rated': {'trait': 'is_rated'},
    'teams': {'what': 'team', 'always': ['(no team)'], 'trait': 'team'},
    'channels': {'what': 'channel', 'always': ['(no channel)'], 'trait': 'channel'},
}) }}
{%- endmacro %}

{# Their parameters, each with what it is when it is not given. #}
{% macro report_filters() -%}
{%- set parameters = [] -%}
{%- for name in filters() -%} {%- do parameters.append(name ~ ' := null') -%} {%- endfor -%}
{{ return(parameters) }}
{%- endmacro %}

{# The name of a team or a channel, trimmed; `(no team)`, say, for none. #}
{% macro named_or_none(text, what) -%}
coalesce(nullif({{ trimmed(text) }}, ''), '(no {{ what }})')
{%- endmacro %}

{# A parameter as a list: one value is a list of one. #}
{% macro as_list(parameter) -%}
case when typeof({{ parameter }}) like '%]' then cast({{ parameter }} as varchar[]) else [cast({{ parameter }} as varchar)] end
{%- endmacro %}

{# Whether one of a list of values is in a parameter: anything without it, nothing when that is empty. #}
{% macro matches_any(parameter, values) -%}
({{ parameter }} is null or list_has_any({{ values }}, {{ as_list(parameter) }}))
{%- endmacro %}

{% macro matches_agents(agent_id, agent_email) -%}
{{ matches_any('agents', "[coalesce(" ~ agent_id ~ ", '(unassigned)'), " ~ agent_email ~ "]") }}
{%- endmacro %}

{% macro matches_conversation_tags(tags) -%}
{{ matches_any('conversation_tags', tags_or_untagged(tags)) }}
{%- endmacro %}

{# Whether no filter is given but this one. #}
{% macro only_filtered_by(parameter) -%}
{{ filters() | reject('equalto', parameter) | join(' is null and ') }} is null
{%- endmacro %}

{# Whether an account is one that was asked for: all are, when none was. #}
{% macro is_of_account(account_id) -%}
(account is null or list_contains({{ as_list('account') }}, {{ account_id }}))
{%- endmacro %}

{# Whether all filters by traits match a relation that has them as columns, but for those in `expressions`. #}
{% macro matches_traits(relation, expressions={}) -%}
{% for parameter, filter in filters().items() if filter.trait -%}
{% set trait = expressions.get(filter.trait, relation ~ '.' ~ filter.trait) -%}
{% if filter.what -%}
({{ parameter }} is null or list_contains({{ as_list(parameter) }}, {{ trait }}))
{%- else -%}
({{ parameter }} is null or list_contains([try_cast({{ parameter }} as boolean)], {{ trait }}))
{%- endif %}
{%- if not loop.last %}
    and {% endif %}
{%- endfor %}
{%- endmacro %}
