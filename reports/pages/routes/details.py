"""Details: every conversation of the period, searched, sorted and paged in SQL; one of them with its timeline.

Here: the list and one conversation. Not here: SQL (``queries``), drawing (``templates/details.html``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from reports.pages import charts, queries
from reports.pages.charts import Chart, Drawn, Row
from reports.pages.formats import NOTHING
from reports.pages.measures import MEASURES, NARROWED, STANDING, TIMES
from reports.pages.routes.page import Page, Reading

SHOWN = (
    *("started_at", "contact_name", "contact_phone", "agent_name", "status", "source", "conversation_tags"),
    *("messages", "first_response_seconds", "first_response_business_seconds", "duration_seconds", "reopens", "rating"),
    *("channel", "team", "conversation_id"),
)
"""Columns of the list."""
SHOWN_OPEN = (*SHOWN[:4], "waiting_since", *SHOWN[4:])
"""Of the list of what was open at the end of a day."""
NUMBERS = (
    *("messages", "messages_inbound", "messages_outbound", "messages_human", "messages_failed", "replies", "reopens"),
    "rating",
)
DURATIONS = tuple(f"{of}_seconds" for of in TIMES)
FACTS = (
    *("contact_name", "contact_phone", "contact_tags", "agent_name", "team", "channel", "source_system"),
    *("status", "source", "conversation_tags", "started_in_working_hours", "is_answered", "reopens"),
    *("messages_inbound", "messages_outbound", "messages_human", "messages_failed", "replies"),
    *(*DURATIONS, "is_surveyed", "rating", "rating_comment"),
)
"""Of one conversation."""
IF_ANY = ("targets_missed", "targets_met")
"""Of one conversation, where there is something to say."""
WORDS = {"status": "statuses", "source": "sources"}
"""Columns of words, by the filter that names them."""
INSTANTS = ("started_at", "first_inbound_at", "first_response_at", "last_message_at", "closed_at", "rated_at")
"""Of one conversation, in the order that events of the same instant have."""


def shown(reading: Reading) -> dict[str, Any]:
    """What the template shows: the list, or the conversation that is open."""
    if reading.view.conversation is not None:
        return _conversation(reading, reading.view.conversation)
    view = replace(reading.view, sort=reading.view.sort or ("waiting_since" if reading.view.at else "-started_at"))
    days = reading.run(queries.details_days(reading.filters, reading.whom.ids, view))
    count = _count(days)
    before = reading.days_before if reading.is_complete and not view.search and not view.at else None
    if before:
        days_before = reading.run(queries.details_days(replace(reading.filters, **before), reading.whom.ids, view))
        before = {"count": _count(days_before), "days": before}
    pages = max(1, -(-count // queries.PAGE_ROWS))
    at = min(view.page, pages)
    rows = reading.run(queries.details_page(reading.filters, reading.whom.ids, view, at))
    first = (at - 1) * queries.PAGE_ROWS + 1
    return {
        "open": None,
        "narrowed": _narrowed(reading),
        "count": count,
        "before": before,
        "chart": None if view.at else _over_time(reading, days),
        "rows": rows,
        "first_row": first,
        "last_row": first + len(rows) - 1,
        "page": at,
        "pages": pages,
        "sort": view.sort,
        "columns": SHOWN_OPEN if view.at else SHOWN,
        "sortable": queries.SORTABLE,
        "numbers": (*NUMBERS, *DURATIONS, "waiting_since"),
        "text": text_of(reading),
        "key": lambda row: f"{row['source_system']}/{row['conversation_id']}",
    }


def _count(days: list[Row]) -> int:
    return sum(day["conversations"] for day in days)


def _narrowed(reading: Reading) -> list[tuple[str, str]]:
    """What the list is narrowed to by the figure that led here, and the address without it."""
    view, texts, formats = reading.view, reading.texts, reading.formats
    found = []
    if view.at:
        name, only = texts(f"column.{STANDING.get(view.only, ('open',))[0]}"), view.only
        text = texts("details.narrowed.at", name=name, day=formats.day(view.at))
        found.append((text, reading.here(at=None, only="" if only in STANDING else only)))
    if view.only in NARROWED:
        name = texts(f"column.{NARROWED[view.only][0]}")
        found.append((texts("details.narrowed", name=name), reading.here(only="")))
    if view.responder:
        agent = reading.named("agents", view.responder)
        found.append((texts("details.narrowed.responder", agent=agent), reading.here(responder="")))
    if view.missed:
        found.append((texts("details.narrowed.missed", target=view.missed), reading.here(missed="")))
    if view.met:
        found.append((texts("details.narrowed.met", target=view.met), reading.here(met="")))
    if view.weekday:
        time = formats.weekday(view.weekday) + ("" if view.hour is None else f", {formats.hours(view.hour)}")
        found.append((texts("details.narrowed.started", time=time), reading.here(weekday=None, hour=None)))
    return found


def _over_time(reading: Reading, days: list[Row]) -> Chart:
    """The conversations of the list by the periods of the Overview."""

    def count(period: Row) -> int:
        return _count([day for day in days if period["period_start"] <= day["started_date"] < period["period_end"]])

    rows = [{**row, "conversations": count(row)} for row in reading.periods]
    name, measure = reading.texts("column.conversations"), MEASURES["conversations"]
    link = lambda row: reading.here(**reading.of_period(row))  # noqa: E731
    return charts.over_time("bars", [Drawn(name, rows, measure, link)], reading.period, reading.formats)


def _conversation(reading: Reading, key: str) -> dict[str, Any]:
    source_system, _, conversation_id = key.partition("/")
    rows = reading.run(queries.conversation(reading.whom.ids, source_system, conversation_id))
    if not rows:
        return {"open": key, "row": None}
    return {
        "open": key,
        "row": rows[0],
        "facts": (*FACTS, *(column for column in IF_ANY if rows[0][column])),
        "events": events(rows[0]),
        "text": text_of(reading),
        "source_url": _web(rows[0]["source_url"]),
    }


def events(row: Row) -> list[tuple[str, datetime, int | None]]:
    """What happened in a conversation, in its order: the column, the instant, whole seconds since the event before."""
    known = sorted((column for column in INSTANTS if row[column] is not None), key=lambda column: row[column])
    instants = [row[column] for column in known]
    waits = [int((then - before).total_seconds()) for before, then in pairwise(instants)]
    return list(zip(known, instants, [None, *waits], strict=True))


def _web(address: str | None) -> str | None:
    """An address that a browser may follow: whatever a configuration says, a link runs nothing."""
    return address if address and address.startswith(("https://", "http://")) else None


def text_of(reading: Reading) -> Callable[[str, Row], str]:
    """How a column of details reads."""
    texts, formats = reading.texts, reading.formats
    words = {None: NOTHING, True: texts("yes"), False: texts("no")}

    def text(column: str, row: Row) -> str:
        value = row[column]
        if column == "agent_name":
            return str(value or row["agent_email"] or row["agent_id"] or texts("table.unassigned"))
        if column in ("started_at", "waiting_since"):
            return formats.instant(reading.local(value, row["account_id"]))
        if column in WORDS:
            return texts.word(WORDS[column], value)
        if column in DURATIONS:
            return formats.duration(value)
        if isinstance(value, bool):
            return words[value]
        if isinstance(value, int):
            return formats.number(value)
        if isinstance(value, list):
            return ", ".join(value) or NOTHING
        return NOTHING if value is None else str(value)

    return text


PAGE = Page("details.html", shown, queries.SORTABLE, has_times=False, is_list=True)
