select
    target_no,
    trait,
    value
from {{ source('settings', 'target_scopes') }}
