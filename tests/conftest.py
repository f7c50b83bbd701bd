from __future__ import annotations

import zoneinfo
from pathlib import Path

import pytest

# Whatever the tests compute with zones of their own follows the locked package, not the tables of the machine.
zoneinfo.reset_tzpath(())

HERE = Path(__file__).parent
UNITS = [HERE / "documentation", HERE / "ingestion", HERE / "reports" / "pages"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the unit tests: of some folders all that starts no process and makes no marts."""
    for item in items:
        if any(folder in item.path.parents for folder in UNITS) and not item.get_closest_marker("builds"):
            item.add_marker("unit")
