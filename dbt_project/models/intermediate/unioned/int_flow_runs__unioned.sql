{{ config(materialized='view') }}
{{ unioned('flow_runs') }}
