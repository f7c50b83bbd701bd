{# The latest name is that of the run that started last; of two that started at once, the last in the order of text. #}
with names as (
    select flow_key, account_id, source_system, flow_id, flow_name, max(started_at) as used_at
    from {{ ref('int_flow_runs') }}
    where is_counted
    group by flow_key, account_id, source_system, flow_id, flow_name
),

ranked as (
    select
        *,
        row_number() over (
            partition by flow_key
            order by case when flow_name is null then 1 else 0 end asc, used_at desc, flow_name desc
        ) as name_rank
    from names
)

select
    flow_key,
    -- dense, and of this build only: what the reports for any filter name flows by
    row_number() over (order by source_system, flow_id) as flow_no,
    account_id,
    source_system,
    flow_id,
    flow_name
from ranked
where name_rank = 1
