"""The worked cases of docs/figures.md, computed: each line is a conversation from its start to its close."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ingestion.settings import WEEKDAYS
from tests.drops import conversation, write_batch, write_config
from tests.warehouse import build_marts

PAGE = Path(__file__).parents[2] / "docs" / "figures.md"
CASE = re.compile(r"^\| ([AD]\d+) \| (.+?) \| (\S+) \| (\d{4}-.+?) \| (\d{4}-.+?) \| (\d+|NULL) \|", re.MULTILINE)


def account(name: str, schedule: str, zone: str) -> dict[str, Any]:
    """An account whose schedule is written as `Mon-Fri 09:00-12:00 14:00-18:00; 2026-05-14 10:00-12:00`, or `none`."""
    hours, holidays = [], []
    for part in () if schedule == "none" else schedule.split("; "):
        days, *spans = part.split()
        if days[0].isdigit():
            holidays.append({"date": datetime.fromisoformat(days).date(), "spans": spans})
        else:
            first, last = (WEEKDAYS.index(day.lower()) for day in (days[:3], days[-3:]))
            week = [WEEKDAYS[(first + number) % 7] for number in range((last - first) % 7 + 1)]
            hours.append({"days": week, "spans": spans})
    return {"id": name, "timezone": zone, "working_hours": hours, "holidays": holidays}


def instant(text: str, zone: str) -> str:
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).isoformat()


def cases() -> Iterator[tuple[str, str, str, str, str, str]]:
    schedules: dict[str, str] = {}
    for name, written, zone, first, last, seconds in CASE.findall(PAGE.read_text(encoding="utf-8")):
        schedules[name] = schedules[written.removeprefix("as ")] if written.startswith("as ") else written
        yield name, schedules[name], zone, first, last, seconds


def test_business_seconds_are_those_of_the_page(tmp_path: Path) -> None:
    expected = {name: seconds for name, *_, seconds in cases()}
    assert len(expected) >= 24
    for name, _, zone, first, last, _ in cases():
        row = conversation(name, started_at=instant(first, zone), closed_at=instant(last, zone))
        write_batch(tmp_path / name / "b1", {"conversations": [row]}, "2026-11-01T00:00:00Z")
    config = write_config(
        tmp_path,
        accounts=[account(name, schedule, zone) for name, schedule, zone, *_ in cases()],
        sources=[{"name": name, "kind": "export", "account": name, "path": name} for name in expected],
    )
    details = build_marts(config)["details"]
    found = {str(row["conversation_id"]): row["duration_business_seconds"] for row in details}
    assert {name: "NULL" if seconds is None else str(seconds) for name, seconds in found.items()} == expected
