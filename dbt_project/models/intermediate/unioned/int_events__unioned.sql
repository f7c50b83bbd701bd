{{ config(materialized='view') }}
{{ unioned('events') }}
