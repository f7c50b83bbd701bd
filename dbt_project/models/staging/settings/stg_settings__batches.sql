select
    source_system,
    batch,
    extracted_at
from {{ source('settings', 'batches') }}
