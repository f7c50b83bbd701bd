select
    source_system,
    batch
from {{ source('settings', 'new_batches') }}
