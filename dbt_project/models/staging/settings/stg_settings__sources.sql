select
    source_system,
    source_key,
    account_id,
    kind,
    conversation_url
from {{ source('settings', 'sources') }}
