with asked as (
    select target_no, count(distinct trait) as traits
    from {{ ref('stg_settings__target_scopes') }}
    group by target_no
)

select
    targets.target_no,
    targets.account_id,
    targets.target,
    targets.measure,
    targets.within_seconds,
    targets.in_working_hours,
    coalesce(targets.valid_from, date '0001-01-01') as valid_from,
    lead(targets.valid_from) over (
        partition by targets.account_id, targets.target
        order by coalesce(targets.valid_from, date '0001-01-01')
    ) as valid_until,
    coalesce(asked.traits, 0) as asked_traits
from {{ ref('stg_settings__targets') }} as targets
left join asked on targets.target_no = asked.target_no
