"""PostgreSQL as a second place to read a release from."""
