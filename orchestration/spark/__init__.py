"""Builds on Apache Spark: what it reads, how it is called, and how its tables come back."""
