{{ config(materialized='incremental', incremental_strategy='append') }}
{# There are far fewer different lists of tags than records, and lists are slow to clean and to group by. #}
with delivered as (
    select delivered_tags from {{ ref('int_delivered_conversations') }}
    union
    select delivered_tags from {{ ref('int_delivered_contacts') }}
)

select
    delivered.delivered_tags,
    {{ tag_list('delivered.delivered_tags') }} as tags,
    {% if is_update() -%}
    (select coalesce(max(tag_set_no), 0) from {{ this }}) +
    {%- endif %} {{ row_numbers() }} as tag_set_no
from delivered
{% if is_update() -%}
left join {{ this }} as numbered on delivered.delivered_tags = numbered.delivered_tags
where numbered.tag_set_no is null
{%- endif %}
