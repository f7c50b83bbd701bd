"""The Backlog: what is open and who waits at the end of the period, over time, and by team.

Here: which figures stand where. Not here: SQL (``queries``), drawing (``charts``, ``templates/backlog.html``).

Counts of teams and accounts add up. Medians do not: those of the cards are of all conversations together, those of the
table each of one team, and periods have none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from reports.pages import charts, queries
from reports.pages.charts import Chart, Drawn, Row
from reports.pages.measures import AGES, COUNT, MEASURES, OF_BACKLOG
from reports.pages.routes.groups import Group, named
from reports.pages.routes.headlines import Headline, headline
from reports.pages.routes.page import Notice, Page, Reading, nothing_there

CARDS = (
    *("open", "waiting_for_us", "unanswered", "median_waiting_seconds"),
    *("waiting_over_1d", "waiting_over_7d", "waiting_for_customer", "median_open_seconds"),
)
FLOWS = ("opened", "reopened", "closed")
STOCKS = ("open", "waiting_for_us", "unanswered", "waiting_over_1d", "waiting_for_customer", "waiting_unknown")
OF_TEAMS = (*STOCKS[:2], "median_waiting_seconds", *STOCKS[2:], "median_open_seconds", *FLOWS)
COUNTS = tuple(one.column for one in OF_BACKLOG if one.unit == COUNT)
TEAM = Group(
    "team", ("source_system", "team"), lambda row, texts: texts.word("teams", row["team"]), lambda row, _: None
)
DAYS_BY_HOUR = 2
"""Up to so many days are drawn by hour."""


def shown(reading: Reading) -> dict[str, Any]:
    """What the template shows."""
    filters, ids = replace(reading.filters, grain="day"), reading.whom.ids
    of_days = [row for row in reading.run(queries.backlog(filters, ids)) if _is_whole(reading, row["local_date"])]
    if not of_days:
        raise nothing_there(reading) if _is_whole(reading, reading.first) else Notice("state.no_whole_day")
    days = _added(of_days, "local_date")
    last = days[-1]["local_date"]
    is_by_hour = reading.whom.is_one and (reading.last - reading.first).days < DAYS_BY_HOUR
    rows = _hours(reading) if is_by_hour else _periods(reading, days)
    teams = _of_teams(of_days, last)
    named(teams, TEAM, reading.texts)
    return {
        "note": _note(reading, last),
        "headlines": _headlines(reading, last),
        "ages": _stacked(reading, "ages", rows, dict.fromkeys(AGES, "bars")),
        "flows": _stacked(reading, "stacked", rows, {"opened": "in", "reopened": "in", "closed": "out"}),
        "teams": sorted(teams, key=lambda row: (-row["waiting_for_us"], -row["open"], row["name"].casefold())),
        "columns_of_teams": OF_TEAMS,
        "link_of_team": _link_of_team(reading, last),
        "rows": [row | {"name": reading.period(row), "to": None} for row in reversed(rows)],
        "columns": (*FLOWS, *STOCKS),
        "link": _link(reading),
        "is_by_hour": is_by_hour,
    }


def _added(rows: Iterable[Row], *keys: str) -> list[Row]:
    """Rows with the same keys added up, in the order of their keys."""
    added: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        one = {name: row[name] for name in keys}
        whole = added.setdefault(tuple(one.values()), one | dict.fromkeys(COUNTS, 0))
        whole |= {column: whole[column] + row[column] for column in COUNTS}
    return [added[key] for key in sorted(added)]


def _of_teams(rows: list[Row], last: date) -> list[Row]:
    """Each team that has the last day: how it ended, and what happened on all days."""
    keys = ("account_id", "source_system", "team")
    whole = {tuple(team[name] for name in keys): team for team in _added(rows, *keys)}
    return [
        row | {column: whole[tuple(row[name] for name in keys)][column] for column in FLOWS}
        for row in rows
        if row["local_date"] == last
    ]


def _is_whole(reading: Reading, day: date) -> bool:
    """Whether all sources have delivered all of a day: how it ended is known."""
    through = reading.whom.account.data_through
    return through is None or day < through.date()


def _periods(reading: Reading, days: list[Row]) -> list[Row]:
    """The backlog of each period of the charts: what happened on its days, and how the last of them ended."""
    found = []
    for period in reading.periods:
        own = [day for day in days if period["period_start"] <= day["local_date"] < period["period_end"]]
        if own:
            flows = {column: sum(day[column] for day in own) for column in FLOWS}
            found.append(period | own[-1] | flows)
    return found


def _hours(reading: Reading) -> list[Row]:
    """The backlog of each hour."""
    found = []
    of_hours = reading.run(queries.backlog(replace(reading.filters, grain="hour"), reading.whom.ids))
    for row in _added(of_hours, "hour_start", "local_date"):
        start = reading.local(row["hour_start"], reading.whom.account.account_id)
        assert start is not None  # hours have one
        period = {"period_start": start, "period_end": start + timedelta(hours=1), "grain": "hour", "is_complete": True}
        found.append(row | period)
    return found


def _note(reading: Reading, last: date) -> str:
    texts, day = reading.texts, reading.formats.day
    at, before = texts("backlog.at", day=day(last)), _day_before(reading)
    if before is None:
        return f"{at} {reading.note}"
    compared = f"{at} {texts('backlog.before', day=day(before))}"
    return compared if reading.is_complete else f"{compared} {texts('compare.incomplete')}"


def _day_before(reading: Reading) -> date | None:
    """The day before the period; None unless all accounts have data for it."""
    first, before = reading.whom.compared_from, reading.first - timedelta(days=1)
    return before if first is not None and first <= before else None


def _headlines(reading: Reading, last: date) -> list[Headline]:
    """How things stand at the end of the last day, against the end of the day before the period."""

    def at(day: date) -> Row:
        return reading.run(queries.backlog_at(reading.filters, reading.whom.ids, day))[0]

    now, before = at(last), _day_before(reading)
    then = at(before) if before else None
    cards = [headline(reading, column, now, then, "backlog") for column in CARDS]
    return [replace(card, link=reading.behind(card.key, at=last)) for card in cards]


def _stacked(reading: Reading, kind: str, rows: list[Row], stacks: dict[str, str]) -> Chart:
    """Columns over time, each on its stack."""

    def drawn(column: str, stack: str) -> Drawn:
        link = _link(reading)
        return Drawn(
            reading.texts(f"column.{column}"), rows, MEASURES[column], lambda row: link(row, column) or "", stack=stack
        )

    return charts.over_time(kind, [drawn(*one) for one in stacks.items()], reading.period, reading.formats)


def _link(reading: Reading) -> Callable[..., str | None]:
    """Where the conversations of a figure at the end of a day are. Of hours, and of what happened, there is no list."""

    def link(row: Row, column: str, **changes: Any) -> str | None:
        if not row[column] or row.get("hour_start"):
            return None
        return reading.behind(column, at=row["local_date"], **changes)

    return link


def _link_of_team(reading: Reading, last: date) -> Callable[[Row, str], str | None]:
    """The same of a team at the end of the last day."""

    def link(row: Row, column: str) -> str | None:
        account = {} if reading.whom.is_one else {"account": row["account_id"]}
        own = {"teams": (row["team"],), "source_systems": (row["source_system"],), **account}
        return _link(reading)(row | {"local_date": last}, column, **own)

    return link


PAGE = Page("backlog.html", shown, has_times=False, is_list=True)
