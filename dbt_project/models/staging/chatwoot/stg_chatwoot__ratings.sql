select * from {{ ref('stg_export__ratings') }} where false
