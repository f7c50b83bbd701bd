"""An extension under a Dagster left alone: it is edited, broken and mended, and nobody reloads anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from orchestration.home import Home
from tests.drops import conversation, message, write_batch, write_config
from tests.orchestration.test_extension import MODEL
from tests.unattended.deployment import Deployment, deployed, until

pytestmark = pytest.mark.unattended

LOCATION = """
from pathlib import Path

from ingestion.settings import load_settings
from orchestration.assembly import build_defs

defs = build_defs(load_settings(Path(__file__).with_name("causerie.toml")), key_prefix=["one"])
"""
SUITE = '''"""Accounts have conversations."""
import great_expectations.expectations as gxe

QUERY = "select account_id, conversations from by_account"


def expectations(limits):
    return [gxe.ExpectColumnValuesToBeBetween(column="conversations", min_value=1, notes="There are some.")]
'''


@pytest.fixture(scope="module")
def dagster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("extended")
    write_config(folder, extra='[schedule]\nlook_every_seconds = 2\n[extension]\npath = "ours"')
    write_batch(folder / "drop" / "b1", {"conversations": [conversation()], "messages": [message()]})
    write(folder, "models/marts/by_account.sql", MODEL)
    write(folder, "expectations/accounts.py", SUITE)
    with deployed(folder, LOCATION) as deployment:
        yield deployment


def write(folder: Path, name: str, content: str) -> None:
    (folder / "ours" / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / "ours" / name).write_text(content)


def seen(dagster: Deployment) -> list[str]:
    """The tables that readers see."""
    with duckdb.connect(str(Home(dagster.folder / "var").current_file), read_only=True) as connection:
        query = "select table_name from duckdb_tables() where schema_name = 'main' order by all"
        return [name for (name,) in connection.execute(query).fetchall()]


def settled(dagster: Deployment) -> list[str]:
    """How the runs have ended, when they have, and two more looks have found no news."""
    while True:
        before, last = len(dagster.runs()), int(dagster.ticks()[-1]["tickId"])
        until(lambda: int(dagster.ticks()[-1]["tickId"]) > last + 1)  # noqa: B023
        if len(dagster.ended()) == len(dagster.runs()) == before:
            return dagster.ended()


def test_it_is_published_and_judged(dagster: Deployment) -> None:
    until(dagster.ended)
    assert set(settled(dagster)) == {"SUCCESS"}
    assert "by_account" in seen(dagster)
    assert dagster.checks("one", "audit")["accounts"]["status"] == "SUCCEEDED"


def test_an_edit_is_launched_and_published_also_of_what_the_graph_does_not_show_yet(dagster: Deployment) -> None:
    write(dagster.folder, "models/marts/by_day.sql", MODEL)
    write(dagster.folder, "expectations/days.py", SUITE.replace("by_account", "by_day"))
    until(lambda: "by_day" in seen(dagster))
    assert set(settled(dagster)) == {"SUCCESS"}
