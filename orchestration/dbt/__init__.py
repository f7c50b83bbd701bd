"""dbt: how it is called, and what a build of it does."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
"""Our project; it is not written to."""
