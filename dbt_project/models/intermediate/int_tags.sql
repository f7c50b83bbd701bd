{{ config(materialized='view') }}
with spread as (
    select
        tag_set_no,
        {{ each_of("case when len(tags) > 0 then tags else ['(untagged)'] end") }} as tag
    from {{ ref('int_tag_sets') }}
)

select
    tag_set_no,
    tag,
    dense_rank() over (order by tag) as tag_no
from spread
