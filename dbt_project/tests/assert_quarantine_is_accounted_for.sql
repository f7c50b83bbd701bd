-- Detects quarantined rows that were lost or came twice on their way into the list of them, and rows that are said to
-- be mended by a batch that is not later. A returned row is an entity of a source with such rows.
{{ config(meta={'dagster': {'ref': {'name': 'int_quarantine'}}}) }}
with listed as (
    select
        source_system,
        entity,
        count(*) as quarantined,
        sum(case when mended_by <= batch then 1 else 0 end) as mended_too_early
    from {{ ref('int_quarantine') }}
    group by source_system, entity
)

select
    coalesce(accounting.source_system, listed.source_system) as source_system,
    coalesce(accounting.entity, listed.entity) as entity,
    accounting.quarantined as counted,
    listed.quarantined as listed,
    listed.mended_too_early
from {{ ref('int_row_accounting') }} as accounting
full join listed on accounting.source_system = listed.source_system and accounting.entity = listed.entity
where coalesce(accounting.quarantined, 0) <> coalesce(listed.quarantined, 0) or listed.mended_too_early > 0
