{{ config(materialized='view') }}
{{ unioned('ratings') }}
