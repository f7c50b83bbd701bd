"""Local dates and hours follow the package ``tzdata`` all the way to the marts, also where DuckDB's tables differ."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from ingestion.builds.names import CANDIDATE
from ingestion.settings import WEEKDAYS
from tests.drops import conversation, message, write_batch, write_config
from tests.warehouse import build_marts

NEWER_THAN_DUCKDB = ("America/Havana", "America/Rainy_River")
OTHERS = ("Australia/Lord_Howe", "Europe/Dublin", "Africa/Casablanca", "Pacific/Apia", "America/Sao_Paulo", "UTC")
EXTRACTED_AT = "2026-11-29T00:00:00Z"


@cache
def of_package(name: str) -> ZoneInfo:
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@cache
def instants(zone: ZoneInfo) -> list[datetime]:
    """The seconds before and after each change of the offset since 2000, and every half hour of some weeks."""
    found, before = [], datetime(2000, 1, 2, tzinfo=UTC)
    while before < datetime(2026, 11, 28, tzinfo=UTC):
        after = before + timedelta(hours=6)
        if before.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            step = before
            while step.astimezone(zone).utcoffset() == before.astimezone(zone).utcoffset():
                step += timedelta(minutes=1)
            found += [step - timedelta(seconds=1), step]
        before = after
    found += [datetime(2026, 11, 2, tzinfo=UTC) + timedelta(minutes=30 * number) for number in range(14 * 48)]
    return found


def test_a_clock_that_was_to_go_back_and_did_not(tmp_path: Path) -> None:
    """Cuba stays at UTC-4 since November 2026."""
    hours = [{"days": ["fri"], "spans": ["00:00-01:00"]}]
    config = write_config(tmp_path, accounts=[{"id": "acme", "timezone": "America/Havana", "working_hours": hours}])
    started = conversation(started_at="2026-11-20T04:30:00Z", closed_at="2026-11-20T06:00:00Z")
    write_batch(tmp_path / "drop" / "b1", {"conversations": [started]}, EXTRACTED_AT)
    (found,) = build_marts(config)["details"]
    assert str(found["started_date"]) == "2026-11-20"
    assert (found["started_in_working_hours"], found["duration_business_seconds"]) == (True, 1800)


@pytest.fixture(scope="module")
def candidate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The marts of an account of each zone, which is open from midnight to one, with a conversation at each instant."""
    folder = tmp_path_factory.mktemp("zones")
    hours = [{"days": list(WEEKDAYS), "spans": ["00:00-01:00"]}]
    names = [*NEWER_THAN_DUCKDB, *OTHERS]
    for number, name in enumerate(names):
        at = instants(of_package(name))
        started = [conversation(str(i), started_at=one.isoformat()) for i, one in enumerate(at)]
        sent = [message(str(i), str(i), sent_at=one.isoformat()) for i, one in enumerate(at)]
        write_batch(folder / str(number) / "b1", {"conversations": started, "messages": sent}, EXTRACTED_AT)
    config = write_config(
        folder,
        accounts=[{"id": name, "timezone": name, "working_hours": hours} for name in names],
        sources=[
            {"name": f"s{number}", "kind": "export", "account": name, "path": str(number)}
            for number, name in enumerate(names)
        ],
    )
    build_marts(config)
    return folder / "var" / "tests" / CANDIDATE


@pytest.mark.parametrize("name", [*NEWER_THAN_DUCKDB, *OTHERS])
def test_local_dates_and_hours_are_those_of_the_package(candidate: Path, name: str) -> None:
    zone = of_package(name)
    with duckdb.connect(str(candidate), read_only=True) as connection:
        details = connection.execute(
            "select epoch(started_at), started_date, started_in_working_hours from details where account_id = $1",
            [name],
        ).fetchall()
        traffic = connection.execute(
            "select weekday, hour, conversations, messages from report_traffic($1, '2000-01-01', '2026-12-01')"
            " where conversations > 0",
            [name],
        ).fetchall()
    local = [datetime.fromtimestamp(second, zone) for second, *_ in details]
    assert len(local) == len(instants(zone))
    assert [(one.date(), one.hour == 0) for one in local] == [(date, is_open) for _, date, is_open in details]
    counted = Counter((one.isoweekday(), one.hour) for one in local)
    assert {(weekday, hour): (of, sent) for weekday, hour, of, sent in traffic} == {
        key: (count, count) for key, count in counted.items()
    }
