{{ config(materialized='view') }}
{{ delivered('conversations') }}
