select * from {{ ref('stg_export__messages') }} where false
