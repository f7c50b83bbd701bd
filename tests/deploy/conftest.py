from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.database import Database, a_database


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with a_database() as made:
        yield made
