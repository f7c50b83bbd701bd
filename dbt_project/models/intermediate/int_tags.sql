{{ config(materialized='view') }}
with {{ tags_of_sets(ref('int_tag_sets')) }}

select
    tag_set_no,
    tag,
    tag_no
from tags_of_sets
