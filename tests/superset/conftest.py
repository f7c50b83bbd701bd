"""One Superset, one demo home published once, and its bundle imported."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.conftest import browser as browser
from tests.browser.serving import CAUSERIE, Home, demo_home
from tests.superset.serving import SUPERSET, Superset, running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They need Superset in an environment of its own: `make test-superset` makes it and runs them."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = demo_home(tmp_path_factory.mktemp("superset"), conversations=1500, days=100)
    home.run()
    return home


@pytest.fixture(scope="session")
def bundle(home: Home) -> Path:
    """The bundle, made as people make it."""
    path = home.config.parent / "causerie-superset.zip"
    subprocess.run([CAUSERIE, "superset", "--config", home.config, "--out", path], check=True)
    return path


@pytest.fixture(scope="session")
def superset(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Superset]:
    """Superset with the bundle, imported twice."""
    if not SUPERSET.exists():
        pytest.skip("no Superset beside the checkout: `make test-superset` installs it")
    with running(tmp_path_factory.mktemp("metadata")) as found:
        found.bring(bundle)
        before = [[(one["id"], one["changed_on_utc"]) for one in found.listed(kind)] for kind in ("dataset", "chart")]
        found.bring(bundle)
        assert [[one["id"] for one in found.listed(kind)] for kind in ("dataset", "chart")] == [
            [number for number, _ in of_kind] for of_kind in before
        ]
        yield found
