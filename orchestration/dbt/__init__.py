"""dbt: how it is called, and what a build of it does."""
