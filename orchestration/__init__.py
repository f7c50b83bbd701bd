"""The daily job: Dagster assets by step, and the command that runs the same job."""
