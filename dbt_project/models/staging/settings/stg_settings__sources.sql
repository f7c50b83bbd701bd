select
    source_system,
    source_key,
    account_id,
    kind
from {{ source('settings', 'sources') }}
