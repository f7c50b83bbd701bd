"""The bench's own instruments: comparison, measuring, batches, page."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from benchmarks.hourly import write_batch, write_hourly
from benchmarks.marts import unequal_rows
from benchmarks.measuring import BETWEEN, STARTUP, CommandError, Measured, measure, middle
from benchmarks.page import Limit, Report, at_most, update
from benchmarks.startup import imported
from expectations.marts import MARTS
from tests.warehouse import accept, build_marts

pytestmark = pytest.mark.systems


def marts_file(path: Path, *changes: str) -> Path:
    with duckdb.connect(str(path)) as connection:
        for mart in MARTS:
            connection.execute(
                f"create table {mart} as select i::varchar as key, if(i = 3, null, i) as figure, i / 3 as average,"
                " ['a', i::varchar] as tags from range(10) _ (i)"
            )
        for change in changes:
            connection.execute(change)
    return path


@pytest.mark.parametrize(
    ("change", "rows"),
    [
        ("update details set figure = 0 where key = '3'", 2),
        ("update details set average = average + 0.00001 where key = '2'", 2),
        ("update details set tags = ['a'] where key = '2'", 2),
        ("delete from details where key = '5'", 1),
        ("insert into details from details where key = '5'", 1),
        ("update details set average = average + 1e-12", 0),
    ],
)
def test_the_comparison_sees_what_differs(tmp_path: Path, change: str, rows: int) -> None:
    left, right = marts_file(tmp_path / "it's one.duckdb"), marts_file(tmp_path / "other.duckdb", change)
    assert unequal_rows(left, right) == {**dict.fromkeys(MARTS, 0), "details": rows}
    assert unequal_rows(right, left)["details"] == rows


@pytest.mark.parametrize(
    "change", ["alter table by_tag add column more int", "alter table by_tag alter figure type double"]
)
def test_the_comparison_refuses_other_columns(tmp_path: Path, change: str) -> None:
    left, right = marts_file(tmp_path / "one.duckdb"), marts_file(tmp_path / "other.duckdb", change)
    for one, other in ((left, right), (right, left)):
        with pytest.raises(ValueError, match="by_tag"):
            unequal_rows(one, other)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_steps_memory_processor_time_and_spill_are_those_of_the_command_and_its_children(tmp_path: Path) -> None:
    child = "x = bytearray(200_000_000); sum(range(20_000_000)); import time; time.sleep(0.3)"
    found = measure(
        python(
            "import pathlib, subprocess, sys, time; time.sleep(0.3); print('dbt build …', flush=True)\n"
            "spill = pathlib.Path('home/builds/b1/spill'); spill.mkdir(parents=True)\n"
            "(spill / 'x').write_bytes(bytes(5_000_000))\n"
            f"subprocess.run([sys.executable, '-c', {child!r}])\n"
            "print('dbt build     1.2 s', flush=True); (spill / 'x').unlink(); time.sleep(0.3)"
        ),
        tmp_path,
    )
    assert list(found.steps) == [STARTUP, "dbt build", BETWEEN]
    build = found.steps["dbt build"]
    assert build.memory == found.memory > 200_000_000 > found.steps[STARTUP].memory
    assert found.spilled == 5_000_000
    assert 0.1 < build.cpu <= found.cpu + 0.02
    assert build.cpu > 5 * found.steps[BETWEEN].cpu
    assert sum(step.seconds for step in found.steps.values()) == pytest.approx(found.seconds, abs=0.2)


def test_a_command_that_fails_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"(?s)status 3.*no such luck"):
        measure(python("print('no such luck'); raise SystemExit(3)"), tmp_path)


def test_the_middle_run_is_the_median() -> None:
    assert [middle([Measured(seconds) for seconds in each]).seconds for each in ([3, 1, 2], [2, 1], [4])] == [2, 1, 4]


def test_imports_are_summed_by_top_level_package() -> None:
    said = (
        "import time: self [us] | cumulative | imported package\n"
        "import time:      1500 |       9999 |   dagster\n"
        "import time:       500 |        500 |     dagster._core.x\n"
        "nothing: 12 | 13 | other\n"
    )
    assert imported(said) == {"dagster": (pytest.approx(0.002), 2)}


def test_hourly_batches_are_accepted_whole(tmp_path: Path) -> None:
    config = write_hourly(tmp_path / "hours", 5)
    write_batch(tmp_path / "hours" / "drop", 5)
    (report,) = accept(config)
    assert report.refusals == []
    assert len(report.having("accepted")) == 6
    assert not any(counts.quarantined or counts.restated for each in report.entries for counts in each.counts.values())
    details = build_marts(config, ingest_first=False)["details"]
    assert len(details) == 12
    assert sum(bool(row["is_closed"]) for row in details) == 10
    assert {row["messages"] for row in details} == {5}


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.md"
    path.write_text("# Title\n\nwords\n\n<!-- limits -->\n<!-- /limits -->\n", encoding="utf-8")
    return path


def test_a_report_takes_the_place_of_the_one_before(page: Path) -> None:
    update(page, Report("whole", "Whole", [at_most("old", 3, 2, "command a", unit=" s")], ["old block"]))
    update(page, Report("audit", "Audit", [at_most("share", 0.05, 0.1, "command b")], ["audit block"]))
    update(page, Report("whole", "Whole", [at_most("new", 1.5, 2, "command c")], ["new block \\1"]))
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Title\n\nwords\n")
    assert ("old" in text, text.count("new block \\1"), text.count("audit block")) == (False, 1, 1)
    assert re.search(r"\| whole \| new +\| +1.50 +\| ≤ 2.00 +\| met +\| `command c` +\|\n", text)
    assert text.index("| whole |") < text.index("| audit |") < text.index("## Whole") < text.index("## Audit")


@pytest.mark.parametrize(
    ("limit", "word"),
    [
        (lambda: at_most("x", 2.01, 2, "c"), "**missed**"),
        (lambda: at_most("x", 2.0, 2, "c"), "met"),
        (lambda: at_most("x", 9.0, 2, "c", asked=False), "not asked at this size"),
        (lambda: Limit("x", "another", "the same", False, "c"), "**missed**"),
    ],
)
def test_a_missed_limit_is_called_so(page: Path, limit: Callable[[], Limit], word: str) -> None:
    update(page, Report("incremental", "Incremental", [limit()]))
    (row,) = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| incremental")]
    assert [cell.strip() for cell in row.split("|")][5] == word
