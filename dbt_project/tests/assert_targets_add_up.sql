-- Detects units of targets that are not the sum of what became of them, a percentage that is not theirs, and grains
-- that do not hold the same units. A returned row is a row of by_target, or a target and team with such grains.
{{ config(meta={'dagster': {'ref': {'name': 'by_target'}}}) }}
select account_id, target, team
from {{ ref('by_target') }}
where
    least(units - 1, met, missed, pending) < 0
    or units <> met + missed + pending
    or (met_percent is null) <> (met + missed = 0)
    or abs(met_percent * (met + missed) - 100 * met) > 1e-6 * met
union all
select account_id, target, team
from (
    select
        account_id,
        target,
        team,
        grain,
        sum(met) as met,
        sum(missed) as missed,
        sum(pending) as pending
    from {{ ref('by_target') }}
    group by account_id, target, team, grain
) as grains
group by account_id, target, team
having
    count(*) <> 4
    or min(met) <> max(met)
    or min(missed) <> max(missed)
    or min(pending) <> max(pending)
