{{ config(materialized='incremental', incremental_strategy='replace_affected') }}
with ranked as (
    select
        conversation_key,
        rating,
        rating_comment,
        answered_at,
        row_number() over (
            partition by conversation_key
            order by
                case when rating is null then 1 else 0 end,
                answered_at desc nulls last,
                rating_id desc
        ) as answer_rank
    from {{ ref('int_ratings') }}
    where {{ is_affected() }}
)

{# The latest answered record; where none is answered, the survey alone is known. #}
select
    conversation_key,
    rating,
    case when rating is not null then rating_comment end as rating_comment,
    case when rating is not null then answered_at end as rated_at
from ranked
where answer_rank = 1
