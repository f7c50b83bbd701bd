select * from {{ ref('stg_export__agents') }} where false
