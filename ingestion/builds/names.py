"""Names of the two files of a build, which dbt's profile (``dbt_project/profiles.yml``) has too.

Here: the names, for whatever makes, copies or publishes a build. Not here: what is in the files.
"""

DATABASE = "warehouse.duckdb"
"""Everything that leads to the marts."""
CANDIDATE = "candidate.duckdb"
"""The marts: what becomes the release."""
