select * from {{ ref('stg_export__contacts') }} where false
