"""From a source system to raw: a library that does not know Dagster exists."""
