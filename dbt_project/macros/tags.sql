{# Lists of tags spread over their tags, and a list without tags as `(untagged)`, by the `key` of the list. #}
{% macro tags_of_sets(tag_sets, key) -%}
select
    {{ key }},
    {{ each_of(tags_or_untagged('tags')) }} as tag
from {{ tag_sets }}
{%- endmacro %}
