{{ config(materialized='view') }}
{{ unioned('agents') }}
