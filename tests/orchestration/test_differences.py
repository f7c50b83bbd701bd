"""What differs between two releases: every row and value that does, nothing else, in each format."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import hypothesis.strategies as st
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings

from expectations.marts import MARTS, MODELS
from ingestion.builds.names import CANDIDATE
from orchestration.cli.main import main
from orchestration.releases.catalog import Release
from orchestration.releases.differences import (
    Change,
    IncomparableError,
    MartDifference,
    compare,
)
from tests.comparison import read_marts
from tests.drops import conversation, flow_run, message, rating, write_batch, write_config
from tests.examples import examples
from tests.warehouse import build_marts

_PERIOD = "account_id varchar, grain varchar, period_start date"
_TYPES = {mart["name"]: {column["name"]: column["data_type"] for column in mart["columns"]} for mart in MODELS}
COLUMNS = {
    mart: {name: kind for name, kind in types.items() if name in MARTS[mart]}
    | dict([next((name, kind) for name, kind in types.items() if kind == "bigint" and name not in MARTS[mart])])
    for mart, types in _TYPES.items()
} | {
    mart: dict(column.split() for column in columns.split(", "))
    for mart, columns in {
        "overview": f"{_PERIOD}, is_complete boolean, conversations bigint, avg_duration_seconds double,"
        " csat_percent double",
        "by_agent": f"{_PERIOD}, source_system varchar, agent_id varchar, agent_name varchar, conversations bigint",
        "by_tag": f"{_PERIOD}, tag varchar, share_of_conversations double",
        "details": "account_id varchar, source_system varchar, conversation_id varchar, contact_phone varchar,"
        " conversation_tags varchar[], closed_at timestamptz, duration_seconds bigint",
    }.items()
}
MAY = ("a", "month", date(2026, 5, 1))
JUNE = ("a", "month", date(2026, 6, 1))
_ONE = {"varchar": "one", "date": MAY[-1], "bigint": 1}
ROWS: dict[str, list[tuple[Any, ...]]] = {mart: [tuple(map(_ONE.get, COLUMNS[mart].values()))] for mart in MARTS} | {
    "overview": [(*MAY, True, 4, 90.0, None), (*JUNE, False, 2, None, 50.0)],
    "by_agent": [(*MAY, "s", "1", "Ana", 3), (*MAY, "s", None, "(unassigned)", 1)],
    "by_tag": [(*MAY, "vip", 0.25), (*MAY, "(untagged)", 0.75)],
    "details": [
        ("a", "s", "c1", "***1234", ["vip"], "2026-05-02 10:00:00+02", 90),
        ("a", "s", "c2", None, [], None, None),
    ],
}
"""A release by hand, of the other marts with their keys and one count; the first row of each mart is the one that the
tests change."""


def write_release(
    path: Path,
    rows: Mapping[str, Sequence[Sequence[Any]]] = ROWS,
    columns: Mapping[str, Mapping[str, str]] = COLUMNS,
    published_at: str = "2026-06-02T04:00:00+00:00",
) -> Path:
    """A release file with what is beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        for mart, types in columns.items():
            definitions = ", ".join(f"{name} {kind}" for name, kind in types.items())
            connection.execute(f"create table {mart} ({definitions})")
            for row in rows[mart]:
                connection.execute(f"insert into {mart} values ({', '.join(map(literal, row))})")
        connection.execute(
            f"create table release as select '{path.stem}' as release_id, timestamptz '{published_at}' as published_at,"
            " timestamptz '2026-06-02 02:00:00+00' as data_through, '1' as software_version"
        )
    release = Release(path.stem, "b", "f", published_at, None, {"details": len(rows["details"])}, 0, 1, ())
    path.with_suffix(".json").write_text(json.dumps(asdict(release)))
    return path


def literal(value: object) -> str:
    """A value in SQL, to the last bit."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value)
    if isinstance(value, list):
        return f"cast([{', '.join(map(literal, value))}] as varchar[])"
    if isinstance(value, float):
        return f"cast('{value!r}' as double)"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def with_row(mart: str, number: int | None, *rows: Sequence[Any]) -> dict[str, list[Any]]:
    """The rows of a release with one of a mart replaced or left out, or others added."""
    kept = [row for place, row in enumerate(ROWS[mart]) if place != number]
    return {**ROWS, mart: [*kept, *rows]}


def counts(before: Path, after: Path) -> dict[str, tuple[int, int, int]]:
    """Added, removed and changed rows of each mart."""
    with compare(before, after) as comparison:
        return {mart.mart: (mart.added, mart.removed, mart.changed) for mart in comparison.marts()}


def changes(before: Path, after: Path, mart: str, **arguments: Any) -> list[Change]:
    with compare(before, after) as comparison:
        return list(comparison.changes(mart, **arguments))


NOTHING = dict.fromkeys(MARTS, (0, 0, 0))


@pytest.mark.parametrize("mart", MARTS)
def test_rows_that_came_went_and_changed(tmp_path: Path, mart: str) -> None:
    first = ROWS[mart][0]
    new = (
        *first[: len(MARTS[mart]) - 1],
        date(2026, 7, 1) if isinstance(first[len(MARTS[mart]) - 1], date) else "new",
        *first[len(MARTS[mart]) :],
    )
    changed = (*first[:-1], first[-1] + 1 if first[-1] is not None else 1.5)
    before = write_release(tmp_path / "before.duckdb")
    for rows, expected in (
        (with_row(mart, None, new), (1, 0, 0)),
        (with_row(mart, 0), (0, 1, 0)),
        (with_row(mart, 0, changed), (0, 0, 1)),
        (with_row(mart, 0, new), (1, 1, 0)),
    ):
        after = write_release(tmp_path / f"{expected}.duckdb", rows)
        assert counts(before, after) == {**NOTHING, mart: expected}
    found = changes(before, tmp_path / "(1, 1, 0).duckdb", mart)
    assert sorted((change.difference, change.key, change.column) for change in found) == [
        ("added", new[: len(MARTS[mart])], None),
        ("removed", first[: len(MARTS[mart])], None),
    ]
    (change,) = changes(before, tmp_path / "(0, 0, 1).duckdb", mart)
    assert change == Change(first[: len(MARTS[mart])], "changed", [*COLUMNS[mart]][-1], first[-1], changed[-1])


def test_rows_are_counted(tmp_path: Path) -> None:
    before = write_release(tmp_path / "before.duckdb")
    after = write_release(tmp_path / "after.duckdb", with_row("by_tag", 0))
    with compare(before, after) as comparison:
        found = {mart.mart: mart for mart in comparison.marts()}
    assert found["by_tag"] == MartDifference("by_tag", 2, 1, 0, 1, 0, (), ())
    assert found["details"] == MartDifference("details", 2, 2, 0, 0, 0, (), ())


def test_an_agent_that_is_none_is_one_agent(tmp_path: Path) -> None:
    """NULL equals NULL in a key: the row without an agent is changed, not gone and new."""
    before = write_release(tmp_path / "before.duckdb")
    after = write_release(tmp_path / "after.duckdb", with_row("by_agent", 1, (*MAY, "s", None, "(unassigned)", 7)))
    assert counts(before, after) == {**NOTHING, "by_agent": (0, 0, 1)}
    assert changes(before, after, "by_agent") == [
        Change((*MAY, "s", None), "changed", "conversations", 1, 7),
    ]


@pytest.mark.parametrize(
    ("first", "second", "differ"),
    [
        (0.1 + 0.2, 0.3, True),
        (1e15, 1e15 + 0.125, True),
        (None, 0.0, True),
        (None, None, False),
        (0.0, -0.0, False),
    ],
)
def test_equal_means_equal(tmp_path: Path, first: float | None, second: float | None, differ: bool) -> None:
    paths = [
        write_release(tmp_path / f"{name}.duckdb", with_row("overview", 0, (*MAY, True, 4, value, None)))
        for name, value in (("before", first), ("after", second))
    ]
    assert counts(*paths) == {**NOTHING, "overview": (0, 0, int(differ))}
    expected = [Change(MAY, "changed", "avg_duration_seconds", first, second)] if differ else []
    assert changes(*paths, "overview") == expected


def test_values_of_each_type_come_as_they_are(tmp_path: Path) -> None:
    before = write_release(tmp_path / "before.duckdb")
    changed = ("a", "s", "c1", 'the "new" one', [], None, 2**53 + 1)
    after = write_release(tmp_path / "after.duckdb", with_row("details", 0, changed))
    assert [
        (change.column, change.before, change.after, change.change) for change in changes(before, after, "details")
    ] == [
        ("contact_phone", "***1234", 'the "new" one', None),
        ("conversation_tags", ["vip"], [], None),
        ("closed_at", "2026-05-02 08:00:00+00", None, None),
        ("duration_seconds", 90, 2**53 + 1, 2**53 - 89),
    ]


def test_equal_releases_and_the_same_twice(tmp_path: Path) -> None:
    before = write_release(tmp_path / "before.duckdb")
    after = write_release(tmp_path / "after.duckdb", {mart: list(reversed(rows)) for mart, rows in ROWS.items()})
    for one, other in ((before, after), (before, before)):
        assert counts(one, other) == NOTHING
        assert all(changes(one, other, mart) == [] for mart in MARTS)


def test_columns_that_only_one_release_has_are_named_and_not_compared(tmp_path: Path) -> None:
    fewer = {name: kind for name, kind in COLUMNS["by_tag"].items() if name != "share_of_conversations"}
    before = write_release(tmp_path / "before.duckdb")
    after = write_release(
        tmp_path / "after.duckdb",
        {**ROWS, "by_tag": [(*row[:-1], 5) for row in ROWS["by_tag"]]},
        {**COLUMNS, "by_tag": {**fewer, "replies": "bigint"}},
    )
    with compare(before, after) as comparison:
        found = {mart.mart: mart for mart in comparison.marts()}
    assert found["by_tag"] == MartDifference("by_tag", 2, 2, 0, 0, 0, ("share_of_conversations",), ("replies",))


def test_columns_of_another_order_or_type_are_compared_by_what_they_say(tmp_path: Path) -> None:
    types = COLUMNS["by_agent"]
    turned = {name: types[name] for name in reversed(types)} | {"conversations": "double", "agent_id": "bigint"}
    rows = [tuple(dict(zip(types, row, strict=True))[name] for name in turned) for row in ROWS["by_agent"]]
    before = write_release(tmp_path / "before.duckdb")
    after = write_release(tmp_path / "after.duckdb", {**ROWS, "by_agent": rows}, {**COLUMNS, "by_agent": turned})
    assert counts(before, after) == NOTHING
    named = write_release(tmp_path / "named.duckdb", with_row("by_agent", 0, (*MAY, "s", "Ana", "Ana", 3)))
    assert counts(named, after) == {**NOTHING, "by_agent": (1, 1, 0)}  # a name is compared with a number as text


def test_a_mart_without_a_column_of_its_key_cannot_be_compared(tmp_path: Path) -> None:
    before = write_release(tmp_path / "before.duckdb")
    columns = {**COLUMNS, "by_tag": {"tag": "varchar"}}
    after = write_release(tmp_path / "after.duckdb", {**ROWS, "by_tag": [("vip",)]}, columns)
    words = "after: by_tag has no account_id, grain, period_start: rows cannot be matched"
    with pytest.raises(IncomparableError, match=words), compare(before, after):
        pass


def test_a_mart_that_one_release_lacks_has_no_rows_there(tmp_path: Path) -> None:
    """As before an upgrade that brings the mart."""
    older = write_release(tmp_path / "older.duckdb", columns={m: of for m, of in COLUMNS.items() if m != "by_tag"})
    newer = write_release(tmp_path / "newer.duckdb")
    rows = len(ROWS["by_tag"])
    assert counts(older, newer) == {**NOTHING, "by_tag": (rows, 0, 0)}
    assert counts(newer, older) == {**NOTHING, "by_tag": (0, rows, 0)}
    assert {change.difference for change in changes(older, newer, "by_tag")} == {"added"}
    with compare(older, newer) as comparison:
        assert {mart.mart: mart.only_in for mart in comparison.marts() if mart.only_in} == {"by_tag": "newer"}
    with compare(older, older) as comparison:
        assert "by_tag" not in [mart.mart for mart in comparison.marts()]
        with pytest.raises(IncomparableError, match="neither release has by_tag"):
            list(comparison.changes("by_tag"))


def test_one_grain_and_a_limit(tmp_path: Path) -> None:
    day = ("a", "day", date(2026, 5, 2))
    before = write_release(tmp_path / "before.duckdb", with_row("overview", None, (*day, True, 1, None, None)))
    changed = [(*day, False, 2, None, None), (*JUNE, True, 3, 1.0, 40.0)]
    after = write_release(tmp_path / "after.duckdb", {**ROWS, "overview": [ROWS["overview"][0], *changed]})
    by_day = [
        Change(day, "changed", "is_complete", True, False),
        Change(day, "changed", "conversations", 1, 2),
    ]
    assert changes(before, after, "overview", grain="day") == by_day
    assert [change.change for change in by_day] == [None, 1]
    assert changes(before, after, "overview", grain="week") == []
    assert changes(before, after, "overview", limit=1) == by_day[:1]
    with compare(before, after) as comparison:
        assert comparison.count_changes("overview") == 6
        assert comparison.count_changes("overview", grain="day") == 2


def test_in_full_each_value_of_a_new_row_is_a_change(tmp_path: Path) -> None:
    before = write_release(tmp_path / "before.duckdb", with_row("overview", 0))
    after = write_release(tmp_path / "after.duckdb", with_row("overview", 1))
    assert changes(before, after, "overview", in_full=True) == [
        Change(MAY, "added", "is_complete", None, True),
        Change(MAY, "added", "conversations", None, 4),
        Change(MAY, "added", "avg_duration_seconds", None, 90.0),
        Change(JUNE, "removed", "is_complete", False, None),
        Change(JUNE, "removed", "conversations", 2, None),
        Change(JUNE, "removed", "csat_percent", 50.0, None),
    ]


# --- the same, counted in plain Python


def compared(mart: str, before: Sequence[Sequence[Any]], after: Sequence[Sequence[Any]]) -> list[Change]:
    """The changes of a mart, as Python sees them, in no order."""
    width, names = len(MARTS[mart]), [*COLUMNS[mart]]
    old, new = ({tuple(row[:width]): row for row in rows} for rows in (before, after))
    found = [Change(key, "added", None, None, None) for key in new.keys() - old.keys()]
    found += [Change(key, "removed", None, None, None) for key in old.keys() - new.keys()]
    for key in old.keys() & new.keys():
        for name, one, other in zip(names[width:], old[key][width:], new[key][width:], strict=True):
            if one != other:
                found.append(Change(key, "changed", name, one, other))
    return found


ids = st.sampled_from(["1", "2", "O'Neill", "é"])
values = {
    "varchar": st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=3),
    "bigint": st.none() | st.integers(-2, 2) | st.integers(-(2**62), 2**62),
    "double": st.none()
    | st.sampled_from([0.0, -0.0, 0.3, 0.1 + 0.2])
    | st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "varchar[]": st.none() | st.lists(ids, max_size=2),
    "timestamptz": st.none() | st.sampled_from(["2026-05-02 08:00:00+00", "2026-05-02 08:00:00.5+00"]),
}
key_values = {
    "account_id": st.sampled_from(["a", "b"]),
    "grain": st.sampled_from(["day", "month"]),
    "agent_id": st.none() | ids,
}
of_keys = {"varchar": ids, "date": st.just(MAY[-1])}


def rows_of(mart: str) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    columns = [
        key_values.get(name, of_keys.get(kind)) if name in MARTS[mart] else values[kind]
        for name, kind in COLUMNS[mart].items()
    ]

    def key(row: tuple[Any, ...]) -> tuple[Any, ...]:
        return row[: len(MARTS[mart])]

    return st.lists(st.tuples(*columns), max_size=6, unique_by=key)


releases = st.fixed_dictionaries({mart: rows_of(mart) for mart in MARTS})


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(before=releases, after=releases, kept=st.sets(st.integers(0, 5)))
def test_plain_python_finds_the_same(
    before: dict[str, list[tuple[Any, ...]]], after: dict[str, list[tuple[Any, ...]]], kept: set[int]
) -> None:
    for mart in MARTS:  # rows that stay as they are
        stay = [row for place, row in enumerate(before[mart]) if place in kept]
        taken = {row[: len(MARTS[mart])] for row in stay}
        after[mart] = stay + [row for row in after[mart] if row[: len(MARTS[mart])] not in taken]
    with TemporaryDirectory() as folder:
        paths = [write_release(Path(folder) / f"{name}.duckdb", rows) for name, rows in (("b", before), ("a", after))]
        with compare(*paths) as comparison:
            for found in comparison.marts():
                agree(
                    found,
                    list(comparison.changes(found.mart)),
                    compared(found.mart, before[found.mart], after[found.mart]),
                )
                assert (found.rows_before, found.rows_after) == (len(before[found.mart]), len(after[found.mart]))


def agree(found: MartDifference, listed: list[Change], expected: list[Change]) -> None:
    assert sorted(listed, key=repr) == sorted(expected, key=repr)
    keys = {
        kind: {change.key for change in expected if change.difference == kind}
        for kind in ("added", "removed", "changed")
    }
    assert (found.added, found.removed, found.changed) == tuple(map(len, keys.values()))


def test_two_real_builds(tmp_path: Path) -> None:
    """Late data restates a release; the comparison in Python reads both files whole."""
    target = {"name": "answered", "measure": "first_response", "within": "1h"}
    config = write_config(tmp_path, accounts=[{"id": "acme", "timezone": "Europe/Paris", "targets": [target]}])
    drop = tmp_path / "drop"
    first = [
        conversation("c1", agent_id="1", tags=["vip"]),
        conversation("c2", started_at="2025-12-30T09:00:00+01:00"),
        conversation("c3", started_at="2026-01-03T09:00:00+01:00"),
    ]
    write_batch(drop / "b1", {"conversations": first, "messages": [message()], "flow_runs": [flow_run()]})
    files = [real_release(tmp_path, config, "1")]
    late = [conversation("c1", agent_id="2", tags=[], updated_at="2026-01-04T09:00:00Z"), conversation("c4")]
    gone = conversation("c3", deleted=True, updated_at="2026-01-04T09:00:00Z")
    asked = rating("r1", "c2", rating=5, answered_at="2026-01-04T09:00:00Z")
    write_batch(
        drop / "b2",
        {
            "conversations": [*late, gone],
            "ratings": [asked],
            "messages": [message("m2", "c4")],
            "flow_runs": [flow_run("f2", status="FAILED")],
        },
    )
    files.append(real_release(tmp_path, config, "2"))
    before, after = (read_marts(path) for path in files)
    with compare(*files) as comparison:
        found = {mart.mart: mart for mart in comparison.marts()}
        lines = {mart: list(comparison.changes(mart)) for mart in MARTS}
    assert all(mart.differs for mart in found.values())
    for mart in MARTS:
        names = [name for name in before[mart][0] if name not in MARTS[mart]]
        old, new = ({tuple(row[key] for key in MARTS[mart]): row for row in rows[mart]} for rows in (before, after))
        differing = {
            (key, name) for key in old.keys() & new.keys() for name in names if old[key][name] != new[key][name]
        }
        assert {(change.key, change.column) for change in lines[mart] if change.column} == differing
        assert found[mart].changed == len({key for key, _ in differing})
        assert found[mart].added == len(new.keys() - old.keys())
        assert found[mart].removed == len(old.keys() - new.keys())
    assert (found["details"].added, found["details"].removed, found["details"].changed) == (1, 1, 2)


def real_release(folder: Path, config: Path, name: str) -> Path:
    build_marts(config)
    path = folder / f"{name}.duckdb"
    shutil.copy(folder / "var" / "tests" / CANDIDATE, path)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create table release as select '{name}' as release_id")
    return path


# --- the command

OLD, PREVIOUS, CURRENT, NEWER = "20260601T040000Z-aa", "20260602T040000Z-ab", "20260603T040000Z-b", "20260604T040000Z-c"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A home with four releases, of which the third is current: the last one was taken back.

    The older two are from a version that gave releases no folders.
    """
    path = write_config(tmp_path)
    folder = tmp_path / "var" / "releases"
    restated = {
        **ROWS,
        "overview": [
            (*MAY, True, 5, 5410.5, 80.0),
            (*JUNE, False, 2, None, 50.0),
            ("b", *JUNE[1:], False, 0, None, None),
        ],
        "details": [("a", "s", "c1", "[red]+33\x1b[2J", ["vip", "x"], None, 90), ("a", "s", "c3", None, [], None, 7)],
    }
    for number, (name, rows) in enumerate([(OLD, ROWS), (PREVIOUS, ROWS), (CURRENT, restated), (NEWER, ROWS)], start=1):
        write_release(folder / f"{name}.duckdb", rows, published_at=f"2026-06-0{number}T04:00:00+00:00")
    write_release(folder / ".new-20260605T040000Z-d.duckdb").with_suffix(".json").unlink()  # in publication
    for name in (CURRENT, NEWER):
        (folder / name).mkdir()
        (folder / f"{name}.duckdb").rename(folder / name / "causerie.duckdb")
        (folder / f"{name}.json").rename(folder / name / "release.json")
    (folder / "current").symlink_to(CURRENT)
    (folder / "went_back.json").write_text(json.dumps({"between": [CURRENT], "until": "2026-06-05T04:00:00+00:00"}))
    return path


def run(config: Path, *arguments: str, status: int = 0) -> Result:
    result = CliRunner().invoke(main, ["diff", "--config", str(config), *arguments])
    assert result.exit_code == status, (result.output, result.exception)
    return result


def test_unknown_ids_are_refused_with_those_that_there_are(config: Path) -> None:
    output = run(config, "2025", status=2).stderr
    assert "2025: no kept release has this id" in output
    assert [line.strip() for line in output.splitlines()[1:]] == [NEWER, CURRENT, PREVIOUS, OLD]
    for name in (OLD, PREVIOUS):
        (config.parent / "var" / "releases" / f"{name}.duckdb").unlink()
    assert f"previous: no kept release is older than the current one, {CURRENT}" in run(config, status=2).stderr
    shutil.rmtree(config.parent / "var" / "releases")
    assert "nothing is published yet" in run(config, status=1).stderr


def test_without_names_from_previous_to_current(config: Path) -> None:
    document = json.loads(run(config, "--format", "json").stdout)
    assert (document["before"]["release_id"], document["after"]["release_id"]) == (PREVIOUS, CURRENT)


FIGURES = [
    ("a", "month", "2026-05-01", "changed", "conversations", 4, 5, 1),
    ("a", "month", "2026-05-01", "changed", "avg_duration_seconds", 90.0, 5410.5, 5320.5),
    ("a", "month", "2026-05-01", "changed", "csat_percent", None, 80.0, None),
    ("b", "month", "2026-06-01", "added", "is_complete", None, False, None),
    ("b", "month", "2026-06-01", "added", "conversations", None, 0, None),
]
FIGURE_COLUMNS = ["account_id", "grain", "period_start", "difference", "figure", "before", "after", "change"]


def test_json_is_one_document(config: Path) -> None:
    document = json.loads(run(config, "--format", "json").stdout)
    assert document["marts"][0] == {
        "mart": "overview",
        "rows_before": 2,
        "rows_after": 3,
        "added": 1,
        "removed": 0,
        "changed": 1,
        "columns_only_before": [],
        "columns_only_after": [],
        "only_in": None,
    }
    assert [mart["mart"] for mart in document["marts"]] == list(MARTS)
    assert document["figures"] == [dict(zip(FIGURE_COLUMNS, figure, strict=True)) for figure in FIGURES]
    assert (document["grain"], document["left_off"]) == ("month", 0)


def test_csv_is_one_table_of_the_figures(config: Path) -> None:
    result = run(config, "--format", "csv")
    header, *rows = csv.reader(io.StringIO(result.stdout))
    assert header == FIGURE_COLUMNS
    assert rows[1] == ["a", "month", "2026-05-01", "changed", "avg_duration_seconds", "90.0", "5410.5", "5320.5"]
    assert rows[3] == ["b", "month", "2026-06-01", "added", "is_complete", "", "false", ""]
    assert [row[4] for row in rows] == [figure[4] for figure in FIGURES]
    assert result.stderr == ""


def test_changes_of_a_mart_as_csv_and_json_with_personal_data_as_it_is(config: Path) -> None:
    expected = [
        ("a", "s", "c1", "changed", "contact_phone", "***1234", "[red]+33\x1b[2J"),
        ("a", "s", "c1", "changed", "conversation_tags", ["vip"], ["vip", "x"]),
        ("a", "s", "c1", "changed", "closed_at", "2026-05-02 08:00:00+00", None),
        ("a", "s", "c2", "removed", None, None, None),
        ("a", "s", "c3", "added", None, None, None),
    ]
    document = json.loads(run(config, "--format", "json", "--mart", "details").stdout)
    assert [tuple(change.values()) for change in document["changes"]] == expected
    header, *rows = csv.reader(io.StringIO(run(config, "--format", "csv", "--mart", "details").stdout))
    assert header == [*MARTS["details"], "difference", "column", "before", "after"]
    assert rows[1][-2:] == ['["vip"]', '["vip", "x"]']
    assert rows[3] == ["a", "s", "c2", "removed", "", "", ""]
    assert len(rows) == len(expected)


def test_a_terminal_shows_figures_by_period_in_readable_units(config: Path) -> None:
    output = run(config).stdout
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in output.splitlines() if "│" in line]
    assert ["overview", "2", "3", "1", "0", "1"] in cells
    assert ["details", "2", "2", "1", "1", "1"] in cells
    assert "a: May 2026" in output
    assert ["conversations", "4", "5", "+1 (+25.0%)"] in cells
    assert ["avg_duration_seconds", "1 min 30 s", "1 h 30 min", "+1 h 28 min (+5911.7%)"] in cells
    assert ["csat_percent", "–", "80.0 %", ""] in cells
    assert "b: June 2026 is new" in output
    restated = with_row("overview", 1, (*JUNE, False, 2, None, 47.5))
    write_release(config.parent / "var" / "releases" / "20260602T050000Z-restated.duckdb", restated)
    assert re.search(r"│ csat_percent │ 50.0 % │ 47.5 % │ -2.50 pts │", run(config, OLD, "20260602T05").stdout)
    assert "b: June 2026 is gone" in run(config, "current", "previous").stdout
    assert "No figure differs at this grain." in run(config, "--grain", "week").stdout


@pytest.mark.parametrize("file_format", ["csv", "json"])
def test_a_format_for_programs_obeys_no_text_on_a_terminal_either(config: Path, file_format: str) -> None:
    reader, terminal = os.openpty()
    command = [Path(sys.executable).with_name("causerie"), "diff", "--config", config]
    with os.fdopen(reader, "rb", buffering=0) as screen:
        subprocess.run([*command, "--mart", "details", "--format", file_format], stdout=terminal, check=True)
        os.close(terminal)
        printed = screen.read(65536)
    assert b"[red]+33" in printed
    assert b"\x1b" not in printed


def test_a_terminal_shows_changed_rows_and_obeys_no_text(config: Path) -> None:
    output = run(config, "--mart", "details").stdout
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in output.splitlines() if "│" in line]
    assert ["a", "s", "c1", "contact_phone", "***1234", "[red]+33\\u001b[2J"] in cells
    assert ["", "", "", "conversation_tags", "vip", "vip, x"] in cells
    assert ["a", "s", "c2", "(row removed)", "", ""] in cells
    assert "\x1b" not in output
    assert "No row differs at this grain." in run(config, "--mart", "by_agent").stdout


def test_values_that_read_alike_are_shown_exactly(config: Path) -> None:
    folder = config.parent / "var" / "releases"
    for name, seconds in (("p", 183_700), ("q", 183_750)):
        write_release(
            folder / f"20260602T090000Z-{name}.duckdb",
            with_row("details", 0, ("a", "s", "c1", None, [], None, seconds)),
        )
    assert re.search(
        r"│ duration_seconds\s*│ 183700 s │ 183750 s │",
        run(config, "20260602T090000Z-p", "20260602T090000Z-q", "--mart", "details").stdout,
    )


def test_a_limit_says_how_many_are_left_off(config: Path) -> None:
    more = "… and 3 more; --limit 0 shows all"
    assert more in run(config, "--mart", "details", "--limit", "2").stdout
    result = run(config, "--mart", "details", "--limit", "2", "--format", "csv")
    assert more in result.stderr
    assert len(result.stdout.splitlines()) == 3
    document = json.loads(run(config, "--mart", "details", "--limit", "2", "--format", "json").stdout)
    assert (len(document["changes"]), document["left_off"]) == (2, 3)
    for limit in ("0", "5"):
        assert "more" not in run(config, "--mart", "details", "--limit", limit).stdout


def test_a_table_of_a_mart_ends_after_fifty_lines_by_default(config: Path) -> None:
    many = {**ROWS, "details": [("a", "s", f"c{number:02}", None, [], None, None) for number in range(60)]}
    folder = config.parent / "var" / "releases"
    write_release(folder / "20260602T070000Z-many.duckdb", many)
    write_release(folder / "20260602T080000Z-none.duckdb", {**ROWS, "details": []})
    both = ("20260602T08", "20260602T07", "--mart", "details")
    output = run(config, *both).stdout
    assert output.count("(row added)") == 50
    assert "… and 10 more" in output
    assert run(config, *both, "--limit", "0").stdout.count("(row added)") == 60
    assert run(config, *both, "--format", "csv").stdout.count("added") == 60


def test_nothing_differs(config: Path) -> None:
    assert run(config, OLD, PREVIOUS).stdout.splitlines()[-1] == "No differences."
    assert run(config, "current", "current").stdout.splitlines()[-1] == "No differences."
    assert json.loads(run(config, OLD, PREVIOUS, "--format", "json").stdout)["figures"] == []
    assert run(config, OLD, PREVIOUS, "--format", "csv").stdout.splitlines() == [",".join(FIGURE_COLUMNS)]


def test_releases_of_two_versions_of_the_software(config: Path) -> None:
    path = write_release(
        config.parent / "var" / "releases" / "20260602T060000Z-v2.duckdb",
        {**ROWS, "by_tag": [(*row, 5) for row in ROWS["by_tag"]]},
        {**COLUMNS, "by_tag": {**COLUMNS["by_tag"], "replies": "bigint"}},
    )
    with duckdb.connect(str(path)) as connection:
        connection.execute("update release set software_version = '2'")
        connection.execute("alter table release add column tzdata_version varchar default '2026.6'")
    printed = (
        "made by versions 1 and 2 of the software\n"
        "local times by an unknown version of tzdata before, by tzdata 2026.6 after\n"
        "by_tag: only 20260602T060000Z-v2 has replies; not compared\n"
    )
    output = run(config, OLD, "20260602T06").stdout
    assert output.endswith(printed + "No differences in the columns that both have.\n")
    assert run(config, OLD, "20260602T06", "--format", "csv").stderr == printed
    assert json.loads(run(config, OLD, "20260602T06", "--format", "json").stdout)["marts"][2]["columns_only_after"] == [
        "replies"
    ]


@pytest.mark.parametrize("file_format", ["table", "csv", "json"])
def test_a_file_holds_what_would_be_shown(config: Path, tmp_path: Path, file_format: str) -> None:
    out = tmp_path / "out"
    assert run(config, "--format", file_format, "--out", str(out)).stdout == ""
    assert out.read_text(encoding="utf-8") == run(config, "--format", file_format).stdout


def test_wrong_usage_leaves_the_file_alone(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_text("precious")
    run(config, "2026", "--out", str(out), status=2)
    assert "leave it out" in run(config, "--mart", "details", "--grain", "day", "--out", str(out), status=2).stderr
    wrong = run(config, "--mart", "by_desk", "--out", str(out), status=2).stderr
    assert wrong == f"--mart: there is no mart 'by_desk'; the marts are {', '.join(MARTS)}\n"
    assert out.read_text() == "precious"
    assert "--out: " in run(config, "--out", str(tmp_path / "no" / "out"), status=2).stderr


def test_a_file_that_is_no_release_ends_in_a_line(config: Path) -> None:
    path = config.parent / "var" / "releases" / f"{OLD}.duckdb"
    path.write_bytes(b"\0" * 20_000)
    result = run(config, OLD, status=1)
    assert len(result.stderr.splitlines()) == 1
    assert OLD in result.stderr
