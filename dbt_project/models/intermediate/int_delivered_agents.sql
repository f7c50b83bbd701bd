{{ config(materialized='view') }}
{{ delivered('agents') }}
