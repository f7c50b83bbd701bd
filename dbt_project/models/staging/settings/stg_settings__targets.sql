select
    target_no,
    account_id,
    target,
    measure,
    within_seconds,
    in_working_hours,
    valid_from
from {{ source('settings', 'targets') }}
