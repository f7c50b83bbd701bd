select
    account_id,
    timezone,
    week_starts_on,
    rating_worst,
    rating_best,
    contact_phone
from {{ source('settings', 'accounts') }}
