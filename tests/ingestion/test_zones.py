from __future__ import annotations

import random
import re
import zoneinfo
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from pathlib import Path

import pytest
import tzdata

from ingestion import zones

REPOSITORY = Path(__file__).resolve().parents[2]
DAY = 86_400
HOUR = 3_600


def seconds(instant: str) -> int:
    return int(datetime.fromisoformat(instant).timestamp())


@cache
def begins(name: str) -> list[int]:
    return [begin for begin, _ in zones.stretches(name)]


def offset(name: str, instant: int) -> int:
    """What our stretches say."""
    return zones.stretches(name)[bisect_right(begins(name), instant) - 1][1]


def told_by_package(zone: zoneinfo.ZoneInfo, instant: int) -> int:
    found = datetime.fromtimestamp(instant, zone).utcoffset()
    assert found is not None
    return found // timedelta(seconds=1)


def different_zones() -> dict[str, zoneinfo.ZoneInfo]:
    """A zone of each content in the package: half of the names are links to others."""
    files = {name: resources.files("tzdata").joinpath("zoneinfo", *name.split("/")) for name in sorted(zones.names())}
    by_content = {file.read_bytes(): name for name, file in files.items()}
    found = {}
    for name in by_content.values():
        with files[name].open("rb") as file:
            found[name] = zoneinfo.ZoneInfo.from_file(file)
    return found


ZONES = different_zones()


def probes(name: str, first: int, last: int) -> Iterator[int]:
    """Every five days at another hour, and around each change, also to the second."""
    yield from (day + day // DAY % 24 * HOUR for day in range(first, last, 5 * DAY))
    for change, _ in zones.stretches(name):
        if first < change < last:
            yield from (change - DAY, change - HOUR, change - 1, change, change + HOUR, change + DAY)


@pytest.mark.slow
def test_all_zones_from_2000_to_2035_are_those_of_the_package() -> None:
    first, last = seconds("2000-01-01T00:00Z"), seconds("2036-01-01T00:00Z")
    wrong = [
        (name, datetime.fromtimestamp(instant, UTC).isoformat())
        for name, zone in ZONES.items()
        for instant in probes(name, first, last)
        if offset(name, instant) != told_by_package(zone, instant)
    ]
    assert len(ZONES) > 300
    assert wrong == []


def test_the_other_years_from_1_to_2100_are_those_of_the_package() -> None:
    instants = random.Random(1).choices(range(zones.BEGIN + DAY, seconds("2100-01-01T00:00Z")), k=200)
    instants += random.Random(2).choices(range(seconds("1830-01-01T00:00Z"), seconds("2100-01-01T00:00Z")), k=200)
    wrong = [
        (name, datetime.fromtimestamp(instant, UTC).isoformat())
        for name, zone in ZONES.items()
        for instant in instants
        if offset(name, instant) != told_by_package(zone, instant)
    ]
    assert wrong == []


@pytest.mark.parametrize("name", ["Europe/London", "Australia/Lord_Howe", "America/Santiago", "Africa/Monrovia"])
def test_every_change_that_was_and_comes_is_exact_to_the_second(name: str) -> None:
    zone = ZONES.get(name) or zones.zone(name)
    changes = [change for change, _ in zones.stretches(name)[1:]]
    around = [*changes[:300], *changes[-300:]]
    assert all(told_by_package(zone, change - 1) == offset(name, change - 1) for change in around)
    assert all(told_by_package(zone, change) == offset(name, change) != offset(name, change - 1) for change in around)


@pytest.mark.parametrize(
    ("name", "since", "expected"),
    [
        pytest.param("America/Winnipeg", "2026-03-08T08:00:00Z", -5 * HOUR, id="winter time is no more"),
        pytest.param("Europe/Dublin", "2030-10-27T01:00:00Z", 0, id="winter is the other season"),
        pytest.param("Europe/Dublin", "2030-03-31T01:00:00Z", HOUR, id="summer is standard"),
        pytest.param("Australia/Lord_Howe", "2030-04-06T15:00:00Z", 10 * HOUR + HOUR // 2, id="half an hour"),
        pytest.param("Africa/Monrovia", "1972-01-07T00:44:30Z", 0, id="odd seconds"),
        pytest.param("Pacific/Apia", "2011-12-30T10:00:00Z", 14 * HOUR, id="a day that did not exist"),
    ],
)
def test_a_stretch_begins_where_the_law_says(name: str, since: str, expected: int) -> None:
    assert (seconds(since), expected) in zones.stretches(name)


@pytest.mark.parametrize(("name", "expected"), [("UTC", 0), ("Etc/GMT+5", -5 * HOUR)])
def test_a_zone_without_changes_is_one_stretch(name: str, expected: int) -> None:
    assert zones.stretches(name) == [(zones.BEGIN, expected)]


def test_two_changes_of_one_week_are_both_there() -> None:
    """Egypt, before and after Ramadan of 2010, has short stretches; Morocco, too: none may be jumped over."""
    lengths = [
        later - earlier
        for name in ZONES
        for (earlier, _), (later, _) in zip(zones.stretches(name), zones.stretches(name)[1:], strict=False)
    ]
    assert min(lengths) < 7 * DAY


def test_the_tables_of_the_machine_are_not_asked(tmp_path: Path) -> None:
    (tmp_path / "Europe").mkdir()
    (tmp_path / "Europe" / "Rome").write_bytes((resources.files("tzdata") / "zoneinfo" / "UTC").read_bytes())
    zoneinfo.reset_tzpath([tmp_path])
    try:
        assert datetime(2026, 7, 1, tzinfo=zoneinfo.ZoneInfo.no_cache("Europe/Rome")).utcoffset() == timedelta(0)
        assert datetime(2026, 7, 1, tzinfo=zones.zone("Europe/Rome")).utcoffset() == timedelta(hours=2)
        assert offset("Europe/Rome", seconds("2026-07-01T00:00Z")) == 2 * HOUR
    finally:
        zoneinfo.reset_tzpath(())


def test_the_package_is_the_locked_one() -> None:
    locked = re.search(r"^tzdata==(\S+)", (REPOSITORY / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)
    assert locked is not None
    assert locked[1] == zones.VERSION == tzdata.__version__


def test_nothing_else_converts_zones() -> None:
    """Neither Python's own search for zones, nor the tables of an SQL engine."""
    python = r"\b(zoneinfo|pytz|dateutil)\b"
    sql = r"(?i)\btimezone\s*\(|\bat\s+time\s+zone\b|\bconvert_timezone\b|\b(from|to)_utc_timestamp\b"
    found = [
        f"{path.relative_to(REPOSITORY)}: {line.strip()}"
        for package in ("ingestion", "expectations", "orchestration", "reports", "dbt_project")
        for path in (REPOSITORY / package).rglob("*")
        if path.suffix in (".py", ".sql") and "target" not in path.parts and path.name != "zones.py"
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(sql, line) or (path.suffix == ".py" and re.search(python, line))
    ]
    assert found == []
