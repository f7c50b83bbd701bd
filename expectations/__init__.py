"""What must hold before a build is published: a library that does not know Dagster exists."""
