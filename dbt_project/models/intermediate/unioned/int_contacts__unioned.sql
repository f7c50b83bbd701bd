{{ config(materialized='view') }}
{{ unioned('contacts') }}
