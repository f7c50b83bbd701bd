"""The questions of docs/queries.md: what each query answers is what plain Python computes from the delivered files."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import combinations, pairwise
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import pytest

from demo_data import write_demo
from ingestion.settings import load_settings
from orchestration.home import Home
from tests import oracle
from tests.published import publish

pytestmark = pytest.mark.builds

PAGE = (Path(__file__).parents[2] / "docs" / "queries.md").read_text(encoding="utf-8")
QUERIES = dict(re.findall(r"^## (.+?)\n(?:(?!^## ).)*?```sql\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE))
Row = dict[str, Any]
Answer = list[tuple[Any, ...]]
ACCOUNTS = ("boulangerie", "loja")
LAST_MONTH = (2026, 10)
"""The demo ends with the 31st of October 2026, and its last batches cover that day."""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = write_demo(tmp_path_factory.mktemp("queries") / "demo", conversations=900, days=150, seed=11).config
    publish(config)
    return config


@pytest.fixture(scope="module")
def details(config: Path) -> list[Row]:
    rows: list[Row] = oracle.compute(config)["details"]
    return rows


def month_of(row: Row) -> tuple[int, int]:
    return row["started_date"].year, row["started_date"].month


def tenths(part: int, whole: int) -> float:
    """part / whole to one digit; a half is rounded up, as SQL does."""
    return float((Decimal(part) / whole).quantize(Decimal("0.1"), ROUND_HALF_UP))


def percent(part: int, whole: int) -> float:
    return tenths(100 * part, whole)


def grouped(rows: list[Row], *columns: str) -> dict[tuple[Any, ...], list[Row]]:
    groups: defaultdict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[column] for column in columns)].append(row)
    return groups


def busiest_hours(details: list[Row], _: datetime) -> Answer:
    found: Answer = []
    for account in ACCOUNTS:
        of_month = [row for row in details if row["account_id"] == account and month_of(row) == LAST_MONTH]
        hours = Counter(row["started_local"].hour for row in of_month)
        found += [(account, hour, hours[hour]) for hour in sorted(hours) if hours[hour] == max(hours.values())]
    return found


def first_responses(details: list[Row], _: datetime) -> Answer:
    names = {(row["source_system"], row["agent_id"]): row["agent_name"] for row in details}
    answered = [
        {**row, "month": row["started_date"].replace(day=1)}
        for row in details
        if row["first_response_business_seconds"] is not None
    ]
    found = [
        (
            account,
            month,
            source,
            agent,
            names[source, agent],
            median(r["first_response_business_seconds"] for r in rows),
        )
        for (account, month, source, agent), rows in grouped(
            answered, "account_id", "month", "source_system", "first_responder_id"
        ).items()
    ]
    return sorted(found, key=lambda row: (*row[:2], row[5], row[2], row[3]))


def reopened_of_tags(details: list[Row], _: datetime) -> Answer:
    tagged = [{**row, "tag": tag} for row in details for tag in row["conversation_tags"] or ["(untagged)"]]
    return sorted(
        (*group, len(rows), percent(sum(row["reopens"] > 0 for row in rows), len(rows)))
        for group, rows in grouped(tagged, "account_id", "tag").items()
    )


def satisfied_by_team(details: list[Row], _: datetime) -> Answer:
    rated = grouped([row for row in details if row["rating"] is not None], "account_id", "team")
    found = [
        (*group, len(rows), percent(sum(r["rating"] >= 4 for r in rows), len(rows))) for group, rows in rated.items()
    ]
    return sorted(found, key=lambda row: (row[0], row[1] is None, row[1]))


def waiting(details: list[Row], now: datetime) -> Answer:
    late = [row for row in details if row["waiting_since"] and now - row["waiting_since"] > timedelta(hours=24)]
    late.sort(key=lambda row: (row["waiting_since"], row["account_id"], row["contact_key"], row["conversation_id"]))
    columns = ("account_id", "contact_key", "contact_name", "conversation_id", "agent_name")
    return [(*(row[column] for column in columns), now - row["waiting_since"]) for row in late]


def messages_by_source(details: list[Row], _: datetime) -> Answer:
    return sorted(
        (*group, len(rows), tenths(sum(row["messages"] for row in rows), len(rows)))
        for group, rows in grouped(details, "account_id", "source").items()
    )


def month_over_month(details: list[Row], _: datetime) -> Answer:
    found: Answer = []
    for account in ACCOUNTS:
        months = Counter(row["started_date"].replace(day=1) for row in details if row["account_id"] == account)
        days = sorted(day for day in months if (day.year, day.month) <= LAST_MONTH)
        found.append((account, days[0], months[days[0]], None, None))
        for before, day in pairwise(days):
            change = months[day] - months[before]
            found.append((account, day, months[day], change, percent(change, months[before])))
    return found


def contacts_by_quarter(details: list[Row], _: datetime) -> Answer:
    def quarter(row: Row) -> Any:
        return row["started_date"].replace(month=(row["started_date"].month - 1) // 3 * 3 + 1, day=1)

    groups = grouped([{**row, "quarter": quarter(row)} for row in details], "account_id", "quarter")
    return sorted(
        (account, start, start.month < 10, len({row["contact_id"] for row in rows} - {None}))
        for (account, start), rows in groups.items()
    )


def tags_together(details: list[Row], _: datetime) -> Answer:
    pairs = Counter(
        (row["account_id"], *pair) for row in details for pair in combinations(sorted(row["conversation_tags"]), 2)
    )
    return [(*pair, count) for pair, count in sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:20]]


def top_contacts(details: list[Row], _: datetime) -> Answer:
    known = grouped([row for row in details if row["contact_id"] is not None], "account_id", "contact_key")
    found = [
        (
            *(group, max((row["contact_name"] for row in rows if row["contact_name"]), default=None), len(rows)),
            sum(row["messages"] for row in rows),
            max((row["last_message_at"] for row in rows if row["last_message_at"]), default=None),
        )
        for group, rows in known.items()
    ]
    found.sort(key=lambda row: (-row[2], -row[3], row[0][1]))
    return [(*group, *rest) for group, *rest in found[:20]]


EXPECTED: dict[str, Callable[[list[Row], datetime], Answer]] = {
    "Which hour was the busiest last month?": busiest_hours,
    "How fast do agents first respond, in working hours, by month?": first_responses,
    "Of the conversations with a tag, how many were reopened?": reopened_of_tags,
    "How satisfied are the customers of each team?": satisfied_by_team,
    "Who has been waiting for more than 24 hours?": waiting,
    "How many messages does a conversation take, by source?": messages_by_source,
    "How do the months compare with each other?": month_over_month,
    "How many different customers wrote in each quarter?": contacts_by_quarter,
    "Which tags go together?": tags_together,
    "Who are the most frequent customers?": top_contacts,
}


def test_the_page_has_ten_questions() -> None:
    assert list(QUERIES) == list(EXPECTED)
    assert PAGE.count("```sql") == len(QUERIES) == 10


@pytest.mark.parametrize("question", EXPECTED)
def test_a_query_answers_what_plain_python_computes(config: Path, details: list[Row], question: str) -> None:
    file = Home(load_settings(config).home).current_file
    with duckdb.connect(str(file), read_only=True, config={"enable_external_access": "false"}) as release:
        release.execute("set TimeZone = 'UTC'")
        (now,) = release.execute("select data_through from release").fetchone() or ()
        found = release.execute(QUERIES[question]).fetchall()
    assert found
    assert [tuple(map(comparable, row)) for row in found] == EXPECTED[question](details, now.astimezone(UTC))


def comparable(value: Any) -> Any:
    """A value as Python computes it: the instants of DuckDB have a zone of another library."""
    return value.astimezone(UTC) if isinstance(value, datetime) else value
