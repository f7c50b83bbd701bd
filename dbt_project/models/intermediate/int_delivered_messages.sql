{{ config(materialized='view') }}
{{ delivered('messages') }}
