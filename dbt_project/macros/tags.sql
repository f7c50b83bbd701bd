{# Lists of tags spread over their tags, and a list without tags as `(untagged)`: two named queries, to be joined by the
   number of the list. What is counted by tag is grouped by a number, too. #}
{% macro tags_of_sets(tag_sets, key) -%}
spread_tags as (
    select
        {{ key }},
        {{ each_of(tags_or_untagged('tags')) }} as tag
    from {{ tag_sets }}
),

tags_of_sets as (
    select
        {{ key }},
        tag,
        dense_rank() over (order by tag) as tag_key
    from spread_tags
)
{%- endmacro %}
