{{ config(alias='tag_sets') }}
{# Those that a conversation in the marts has, or its contact; and 0, which no contact has. #}
with used as (
    select tag_set_no from {{ ref('reporting_conversations') }}
    union
    select contact_tag_set_no as tag_set_no from {{ ref('reporting_conversations') }}
)

select tag_sets.tag_set_no, tag_sets.tags
from {{ ref('int_tag_sets') }} as tag_sets
inner join used on tag_sets.tag_set_no = used.tag_set_no
union all
select 0 as tag_set_no, {{ list_or_empty('null') }} as tags
