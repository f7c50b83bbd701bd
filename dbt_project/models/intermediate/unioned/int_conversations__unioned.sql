{{ config(materialized='view') }}
{{ unioned('conversations') }}
