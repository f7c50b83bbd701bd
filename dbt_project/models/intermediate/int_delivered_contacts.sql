{{ config(materialized='view') }}
{{ delivered('contacts') }}
