{# A build is made from nothing (full), or begins as a copy of the last published one and takes in what was delivered
   since (an update). Both give the same marts, row for row. Models that are `incremental` keep their rows in an update;
   all others are made anew, some of them for the affected conversations only. #}

{# Whether the open build is an update: it then carries over the tables of the build before. #}
{% macro is_update() -%}
{%- if not execute -%} {{ return(false) }} {%- endif -%}
{%- set carried_over = adapter.get_relation(database=target.database, schema='settings', identifier='carried_over') -%}
{{ return(carried_over is not none) }}
{%- endmacro %}

{# Whether the intake found all versions in force of the conversations and messages that an update takes in. #}
{% macro are_known_records_found() -%}
{%- if not execute -%} {{ return(false) }} {%- endif -%}
{%- set known_records = adapter.get_relation(database=target.database, schema='settings', identifier='known_records') -%}
{{ return(known_records is not none) }}
{%- endmacro %}

{# A model as the build before left it. It is no `ref`: whoever reads it must run before that model does. #}
{% macro before_update(model_name) -%}
{%- if model_name in ['overview', 'by_agent', 'by_tag', 'details'] -%}
{{ api.Relation.create(database='candidate', schema='main', identifier=model_name) }}
{%- else -%}
{{ api.Relation.create(database=target.database, schema='intermediate', identifier=model_name) }}
{%- endif -%}
{%- endmacro %}

{# A condition on conversations: all of them in a full build, in an update those that the delivered records affect, or
   whose details they affect. #}
{% macro is_affected(conversation_no, by='int_affected_conversations') -%}
{%- set affected_conversations = ref(by) -%}
{%- if is_update() -%}
{{ conversation_no }} in (
    select affected.conversation_no
    from {{ affected_conversations }} as affected
    where {{ any_number('affected.conversation_no') }}
)
{%- else -%}
true
{%- endif -%}
{%- endmacro %}

{# To whom anything of the affected conversations is credited, in a state of the warehouse: named queries, the last of
   which is `credits`. A reply counts on the date on which its conversation started, and whoever replied has sent. #}
{% macro affected_credits(facts, hours, calendar) -%}
affected_facts as (
    select conversation_no, account_id, agent_no, tag_set_no, started_date
    from {{ facts }}
    where {{ is_affected('conversation_no') }}
),

affected_hours as (
    select facts.account_id, hours.agent_no, facts.tag_set_no, facts.started_date, hours.sent_date
    from {{ hours }} as hours
    inner join affected_facts as facts on hours.conversation_no = facts.conversation_no
),

credited_dates as (
    select account_id, agent_no, tag_set_no, started_date as local_date from affected_facts
    union
    select account_id, agent_no, tag_set_no, started_date as local_date from affected_hours
    union
    select account_id, agent_no, tag_set_no, sent_date as local_date from affected_hours
),

credits as (
    select
        credited_dates.account_id,
        credited_dates.agent_no,
        credited_dates.tag_set_no,
        credited_dates.local_date,
        calendar.week_start,
        calendar.month_start
    from credited_dates
    inner join {{ calendar }} as calendar
        on credited_dates.account_id = calendar.account_id and credited_dates.local_date = calendar.local_date
)
{%- endmacro %}

{# The conversations that are shown and the contacts whose data are, in an update those of the affected details: named
   queries (`facts`, `conversations`, `contacts`). #}
{% macro shown_conversations() -%}
{%- set affected_details = ref('int_affected_details') -%}
facts as (
    select *
    from {{ ref('int_conversation_facts') }}
    where {{ is_affected('conversation_no', by='int_affected_details') }}
),

conversations as (
    select *
    from {{ ref('int_conversations') }}
    where {{ is_affected('conversation_no', by='int_affected_details') }}
),

contacts as (
    select *
    from {{ ref('int_contacts') }}
    where
        not is_deleted
        {% if is_update() -%}
        and contact_id in (
            select affected.contact_id from {{ affected_details }} as affected where affected.contact_id <> ''
        )
        {%- endif %}
)
{%- endmacro %}

{# The relation of messages to look at: `int_messages` in a full build, with its orphans; in an update the messages of
   the affected conversations. #}
{% macro affected_messages() -%}
{%- set messages, affected = ref('int_messages'), ref('int_affected_messages') -%}
{{ return(affected if is_update() else messages) }}
{%- endmacro %}

{# The incremental strategy `replace`: rows that meet the model's `incremental_predicates` are replaced, whether there are
   new ones or not. #}
{% macro get_incremental_replace_sql(arg_dict) -%}
{%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
delete from {{ arg_dict['target_relation'] }}
where {{ arg_dict['incremental_predicates'] | join(' and ') }};

insert into {{ arg_dict['target_relation'] }} ({{ columns }})
select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}

{# The incremental strategy `replace_known`, of records that hang on conversations: new rows take the place of those of
   the same key. These are few, and are found by the conversations that they are in, or among the orphans, since to
   compare their keys with those of all rows would take many times as long. #}
{% macro get_incremental_replace_known_sql(arg_dict) -%}
{%- set target, new = arg_dict['target_relation'], arg_dict['temp_relation'] -%}
{%- set keys = arg_dict['unique_key'] | join(', ') -%}
{%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
delete from {{ target }}
where rowid in (
    with known_conversations as (
        select known_conversation_no as conversation_no
        from {{ ref('int_repeated_records') }}
        where {{ any_number('known_conversation_no') }}
    ),

    nearby as materialized (
        select rowid as place, {{ keys }}
        from {{ target }}
        where conversation_no in (select conversation_no from known_conversations)
        union all
        select rowid as place, {{ keys }}
        from {{ target }}
        where conversation_no is null
    )

    select place from nearby where ({{ keys }}) in (select ({{ keys }}) from {{ new }})
);

insert into {{ target }} ({{ columns }})
select {{ columns }} from {{ new }}
{%- endmacro %}

{# In an update: the orphans of an entity whose conversation has arrived, with its number; they were taken in before and
   are not among the delivered ones. All columns of the model but the two that change are as they were. A conversation
   that the build before knew has no orphans left. #}
{% macro adopted_orphans(entity) -%}
{%- if is_update() %}
union all
select
    conversations.conversation_no,
    {% for column in adapter.get_columns_in_relation(this) | map(attribute='name') if column != 'conversation_no' -%}
    {{ 'cast(null as varchar) as orphan_of' if column == 'orphan_of' else 'orphans.' ~ column }}
    {%- if not loop.last %},{% endif %}
    {% endfor -%}
from {{ this }} as orphans
inner join {{ ref('int_conversations') }} as conversations
    on orphans.source_no = conversations.source_no and orphans.orphan_of = conversations.conversation_id
left join latest_versions
    on
        orphans.source_no = latest_versions.source_no
        and orphans.{{ record_keys()[entity] }} = latest_versions.{{ record_keys()[entity] }}
where
    orphans.conversation_no is null
    and latest_versions.source_no is null
    and conversations.conversation_no > (
        select carried_over.newest_conversation_no from {{ source('settings', 'carried_over') }} as carried_over
    )
{%- endif %}
{%- endmacro %}

{# Overrides dbt's own: what an `incremental` model of a full build finds in its file is not to be kept. #}
{% macro should_full_refresh() -%}
{{ return(not is_update()) }}
{%- endmacro %}
