select * from {{ ref('stg_export__events') }} where false
