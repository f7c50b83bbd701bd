select * from {{ ref('stg_export__conversations') }} where false
