from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ingestion.http.client import Client
from ingestion.sources import live
from tests.live.chatwoot import TOKEN
from tests.live.reading import TOKEN_ENV, Home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home that reads what its test serves, and never waits."""
    monkeypatch.setenv(TOKEN_ENV, TOKEN)
    monkeypatch.setattr(live, "Client", functools.partial(Client, wait=lambda seconds: None))
    with ExitStack() as serving:
        found = Home(tmp_path, serving)
        monkeypatch.setattr(live, "now", lambda: found.world.now)
        yield found
