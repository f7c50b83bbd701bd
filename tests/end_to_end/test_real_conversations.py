"""Real support conversations, built at once, and bit by bit in updates: the same marts, row for row."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.comparison import KEYS, differences
from tests.real_data import REAL_DATA, config_for_real_data
from tests.warehouse import accept, build_marts

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not REAL_DATA.is_dir(), reason="the real support conversations are not beside the checkout"),
]


@pytest.mark.slow
def test_a_third_then_the_rest_then_the_last_ten_one_by_one(tmp_path: Path) -> None:
    batches = sorted(path for path in (REAL_DATA / "drop").iterdir() if path.is_dir())
    (tmp_path / "at once").mkdir()
    (tmp_path / "bit by bit" / "drop").mkdir(parents=True)
    whole = build_marts(config_for_real_data(tmp_path / "at once"))
    config = config_for_real_data(tmp_path / "bit by bit", tmp_path / "bit by bit" / "drop")
    third = len(batches) // 3
    for share in [batches[:third], batches[third:-10], *([batch] for batch in batches[-10:])]:
        for batch in share:
            shutil.copytree(batch, tmp_path / "bit by bit" / "drop" / batch.name)
        report = accept(config)[0]
        assert [entry.status for entry in report.entries] == ["accepted"] * len(share)
        found = build_marts(config, ingest_first=False, incremental=True)
    for mart in KEYS:
        assert differences(mart, whole[mart], found[mart]) == []
