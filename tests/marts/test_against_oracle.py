"""The marts against an independent plain-Python computation, figure by figure, all columns."""

from pathlib import Path
from typing import Any

import pytest

from demo_data import write_demo
from tests import oracle
from tests.comparison import KEYS, differences
from tests.real_data import REAL_DATA, config_for_real_data
from tests.warehouse import build_marts


@pytest.mark.parametrize(
    ("conversations", "days", "seed", "file_format"),
    [(300, 45, 1, "ndjson"), (300, 400, 2, "csv"), (40, 3, 3, "ndjson")],
    ids=["six weeks", "more than a year, CSV", "few"],
)
def test_marts_equal_the_plain_computation(
    tmp_path: Path, conversations: int, days: int, seed: int, file_format: str
) -> None:
    summary = write_demo(tmp_path / "demo", conversations=conversations, days=days, seed=seed, file_format=file_format)
    expected, found = oracle.compute(summary.config), build_marts(summary.config)
    assert len(found["details"]) > 0.8 * conversations
    for mart in KEYS:
        assert differences(mart, expected[mart], found[mart]) == []


def adds_up(backlog: list[dict[str, Any]]) -> None:
    """On every day "open = open_before + opened + reopened - closed", from nothing on and day after day."""
    assert backlog
    open_now: dict[tuple[str, str, str], int] = {}
    for row in sorted(backlog, key=lambda row: row["local_date"]):
        key = row["account_id"], row["source_system"], row["team"]
        assert row["open_before"] == open_now.get(key, 0)
        open_now[key] = row["open_before"] + row["opened"] + row["reopened"] - row["closed"]
        assert row["open"] == open_now[key]


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="the real support conversations are not beside the checkout")
def test_marts_of_real_conversations_equal_the_plain_computation(tmp_path: Path) -> None:
    config = config_for_real_data(tmp_path)
    expected, found = oracle.compute(config), build_marts(config)
    assert len(found["details"]) == 32_264
    adds_up(found["backlog"])
    for mart in KEYS:
        assert differences(mart, expected[mart], found[mart]) == []
