{{ config(materialized='view') }}
{{ delivered('events') }}
