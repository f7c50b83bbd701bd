"""Targets: how often each was met: a card each, a ranking by target and team, targets over time, a table of all.

Here: which figures stand where, units added up over teams, the cards of the Overview too. Not here: rankings, lines and
tables (``groups``), what a unit is (docs/figures.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from reports.pages import queries
from reports.pages.charts import Row
from reports.pages.measures import MEASURES
from reports.pages.routes import groups
from reports.pages.routes.groups import Figures, Group
from reports.pages.routes.headlines import Headline, headline
from reports.pages.routes.page import Notice, Page, Reading

REPORT = "by-target"
COUNTED = ("met", "missed", "pending", "units")
BEHIND = {"conversations_missed": "missed", "conversations_met": "met"}
"""Columns that count conversations, by what narrows Details to them."""


def _behind(row: Row, column: str) -> dict[str, Any] | None:
    return {BEHIND[column]: row["target"]} if column in BEHIND else None


def _behind_team(row: Row, column: str) -> dict[str, Any] | None:
    narrowed = _behind(row, column)
    return narrowed and narrowed | {"teams": (row["team"],)}


OF_TEAMS = Group(
    "target",
    ("target", "team"),
    lambda row, texts: f"{row['target']} · {texts.word('teams', row['team'])}",
    _behind_team,
)
WHOLE = Group("target", ("target",), lambda row, texts: str(row["target"]), _behind)
FIGURES = Figures(
    ("met_percent", "missed", "met", "pending", "units"),
    ("met_percent", "units", "met", "missed", "pending", "conversations_met", "conversations_missed"),
    "units",
    "met_percent",
)


def shown(reading: Reading) -> dict[str, Any]:
    """What the template shows."""
    rows = reading.rows_apart(REPORT, "period")
    if not rows:
        raise Notice("targets.none")
    points, whole = reading.rows_apart(REPORT), _added(rows, WHOLE.keys)
    counts = reading.run(queries.of_targets(reading.filters, reading.whom.ids))
    for row in rows:
        row["decided"] = row["met"] + row["missed"]
        row |= _conversations(row, (one for one in counts if _team(one) == row["team"]))
    groups.named(rows, OF_TEAMS, reading.texts)
    groups.named(whole, WHOLE, reading.texts)
    found = groups.shown(reading, REPORT, OF_TEAMS, FIGURES, rows, points)
    measure, by_target = MEASURES[found["figure"]], _added(points, (*WHOLE.keys, *groups.PERIOD))
    over_time = groups.lines(reading, WHOLE, whole, measure, by_target, FIGURES.size)
    return found | {"lines": over_time, "headlines": _cards(reading, whole, counts)}


def headlines(reading: Reading) -> list[Headline]:
    """A card for each target, the one that was met least first; none for accounts without targets."""
    whole = _added(reading.rows_apart(REPORT, "period"), WHOLE.keys)
    if not whole:
        return []
    groups.named(whole, WHOLE, reading.texts)
    return _cards(reading, whole, reading.run(queries.of_targets(reading.filters, reading.whom.ids)))


def _cards(reading: Reading, whole: list[Row], counts: list[Row]) -> list[Headline]:
    before = reading.days_before
    then = _added(reading.rows_apart(REPORT, "period", **before), WHOLE.keys) if before else []
    by_target = {(row["account_id"], row["target"]): row for row in then}
    least = sorted(whole, key=lambda row: (row["met_percent"] is None, row["met_percent"], row["name"].casefold()))
    cards = []
    for number, row in enumerate(least):
        card = headline(reading, "met_percent", row, by_target.get((row["account_id"], row["target"])), "by_target")
        cards.append(replace(card, key=f"target-{number}", name=row["name"], others=_others(reading, row, counts)))
    return cards


def _others(reading: Reading, row: Row, counts: list[Row]) -> tuple[tuple[str, str | None], ...]:
    """How many units are pending, and how many conversations missed the target, with where these are."""
    texts, number = reading.texts, reading.formats.number
    others: list[tuple[str, str | None]] = []
    if row["pending"]:
        others.append((texts("targets.pending", count=number(row["pending"])), None))
    behind = row | _conversations(row, counts)
    if missed := behind["conversations_missed"]:
        link = groups.linked(reading, WHOLE, "conversations_missed")(behind)
        others.append((texts.plural("targets.missed", missed, number(missed)), link))
    return tuple(others)


def _added(rows: Iterable[Row], keys: Sequence[str]) -> list[Row]:
    """Rows of an account with the same keys, added up."""
    added: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        one = {name: row[name] for name in ("account_id", *keys)}
        whole = added.setdefault(tuple(one.values()), one | dict.fromkeys(COUNTED, 0))
        whole |= {column: whole[column] + row[column] for column in COUNTED}
    for whole in added.values():
        decided = whole["met"] + whole["missed"]
        whole |= {"decided": decided, "met_percent": 100 * whole["met"] / decided if decided else None}
    return list(added.values())


def _conversations(row: Row, counts: Iterable[Row]) -> dict[str, int]:
    """How many conversations missed the target of a row, and how many met it."""
    own = [one for one in counts if (one["account_id"], one["target"]) == (row["account_id"], row["target"])]
    return {column: sum(one["conversations"] for one in own if one["what"] == what) for column, what in BEHIND.items()}


def _team(counted: Row) -> str:
    """The team as reports name it."""
    return (counted["team"] or "").strip() or "(no team)"


PAGE = Page("groups.html", shown, groups.SORTED, has_times=False)
