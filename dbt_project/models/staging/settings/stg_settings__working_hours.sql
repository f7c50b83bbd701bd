select
    account_id,
    valid_from,
    iso_weekday,
    opens_seconds,
    closes_seconds
from {{ source('settings', 'working_hours') }}
