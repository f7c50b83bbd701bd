{# A build is full, or incremental: then it begins as a copy of the current release's build, and the `incremental`
   models recompute the affected conversations from all of raw and replace their rows. All other models are built in
   full. #}

{# In an incremental build a condition on conversations: those that the new batches affect. #}
{% macro is_affected(conversation_key='conversation_key') -%}
{%- set affected_conversations = ref('int_affected_conversations') -%}
{%- if is_incremental() -%}
{{ conversation_key }} in (select affected.conversation_key from {{ affected_conversations }} as affected)
{%- else -%}
true
{%- endif -%}
{%- endmacro %}

{# The incremental strategy `replace_affected`: all rows of the affected conversations are deleted, and the new ones
   inserted. dbt's own `delete+insert` keeps the rows of a conversation of which nothing is left. #}
{% macro get_incremental_replace_affected_sql(arg_dict) -%}
{%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
delete from {{ arg_dict['target_relation'] }}
where conversation_key in (select affected.conversation_key from {{ ref('int_affected_conversations') }} as affected);

insert into {{ arg_dict['target_relation'] }} ({{ columns }})
select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
