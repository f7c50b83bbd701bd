{# There are far fewer different lists of tags than records, and lists are slow to clean and to group by. #}
with delivered as (
    select delivered_tags from {{ ref('int_conversations__unioned') }}
    union
    select delivered_tags from {{ ref('int_contacts__unioned') }}
)

select
    {{ surrogate_key(['delivered_tags']) }} as tag_set_key,
    -- dense, and of this build only: what the reports for any filter name lists by
    row_number() over (order by delivered_tags) as tag_set_no,
    {{ tag_list('delivered_tags') }} as tags
from delivered
