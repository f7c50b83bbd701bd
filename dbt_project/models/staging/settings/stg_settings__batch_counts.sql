select
    source_system,
    batch,
    entity,
    landed,
    quarantined,
    known,
    restated
from {{ source('settings', 'batch_counts') }}
