{{ config(alias='agents') }}
{{ numbered_agents() }}
