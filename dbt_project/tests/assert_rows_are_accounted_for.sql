-- Detects rows of the accepted batches that were lost or came twice on their way from the manifests into the models.
-- A returned row is an entity of a source whose landed rows are not the sum of what became of them.
select * from {{ ref('int_row_accounting') }}
where landed <> quarantined + superseded + deleted + orphans + set_aside + used
