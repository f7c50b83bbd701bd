{{ config(materialized='view') }}
{{ unioned('messages') }}
