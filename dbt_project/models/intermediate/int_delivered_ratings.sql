{{ config(materialized='view') }}
{{ delivered('ratings') }}
