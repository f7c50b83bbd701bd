select
    timezone,
    from_at,
    to_at,
    utc_offset_seconds
from {{ source('settings', 'zone_offsets') }}
