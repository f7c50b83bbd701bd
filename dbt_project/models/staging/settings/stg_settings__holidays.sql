select
    account_id,
    holiday_date,
    opens_seconds,
    closes_seconds
from {{ source('settings', 'holidays') }}
