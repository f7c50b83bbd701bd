{{ config(materialized='view') }}
with {{ tags_of_sets(ref('int_tag_sets'), 'tag_set_key') }}

select
    tag_set_key,
    tag,
    tag_key
from tags_of_sets
