"""The marts in Apache Superset: datasets, metrics, charts and a dashboard, as a bundle that it imports.

Here: what the bundle holds. Not here: what a column means (``dbt_project/models/marts``), how Superset is run.
"""
