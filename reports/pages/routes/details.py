"""Details: every conversation of the period, searched, sorted and paged in SQL; one of them with its timeline.

Here: the list and one conversation. Not here: SQL (``queries``), drawing (``templates/details.html``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reports.pages import charts, presets, queries, timeline
from reports.pages.address import View
from reports.pages.charts import Chart, Drawn, Row
from reports.pages.formats import NOTHING
from reports.pages.measures import MEASURES
from reports.pages.routes.page import Page, Reading

SHOWN = (
    *("started_at", "contact_name", "contact_phone", "agent_name", "status", "source", "conversation_tags"),
    *("messages", "first_response_seconds", "first_response_business_seconds", "duration_seconds", "reopens", "rating"),
    *("channel", "team", "conversation_id"),
)
"""Columns of the list."""
NUMBERS = (
    *("messages", "messages_inbound", "messages_outbound", "messages_human", "messages_failed", "replies", "reopens"),
    "rating",
)
DURATIONS = (
    *("first_response_seconds", "first_response_business_seconds", "duration_seconds", "duration_business_seconds"),
)
FACTS = (
    *("contact_name", "contact_phone", "contact_tags", "agent_name", "team", "channel", "source_system"),
    *("status", "source", "conversation_tags", "started_in_working_hours", "is_answered", "reopens"),
    *("messages_inbound", "messages_outbound", "messages_human", "messages_failed", "replies"),
    *("first_response_seconds", "first_response_business_seconds", "duration_seconds", "duration_business_seconds"),
    *("is_surveyed", "rating", "rating_comment"),
)
"""Of one conversation."""


def shown(reading: Reading) -> dict[str, Any]:
    """What the template shows: the list, or the conversation that is open."""
    if reading.view.conversation is not None:
        return _conversation(reading, reading.view.conversation)
    view = replace(reading.view, sort=reading.view.sort or "-started_at")
    days = reading.run(queries.details_days(reading.filters, reading.whom.ids, view))
    count = sum(day["conversations"] for day in days)
    before = reading.days_before if reading.is_complete and not view.search else None
    pages = max(1, -(-count // queries.PAGE_ROWS))
    at = min(view.page, pages)
    rows = reading.run(queries.details_page(reading.filters, reading.whom.ids, view, at))
    first = (at - 1) * queries.PAGE_ROWS + 1
    return {
        "open": None,
        "responder": reading.named("agents", view.responder),
        "count": count,
        "before": before and {"count": _count_before(reading, view, before), "days": before},
        "chart": _over_time(reading, days),
        "rows": rows,
        "first_row": first,
        "last_row": first + len(rows) - 1,
        "page": at,
        "pages": pages,
        "sort": view.sort,
        "columns": SHOWN,
        "sortable": queries.SORTABLE,
        "numbers": (*NUMBERS, *DURATIONS),
        "text": text_of(reading),
        "key": lambda row: f"{row['source_system']}/{row['conversation_id']}",
    }


def _count_before(reading: Reading, view: View, before: dict[str, Any]) -> int:
    """How many there were in as many days before."""
    days = reading.run(queries.details_days(replace(reading.filters, **before), reading.whom.ids, view))
    return sum(day["conversations"] for day in days)


def _over_time(reading: Reading, days: list[Row]) -> Chart:
    """The conversations of the list by the periods of the Overview."""

    def count(period: Row) -> int:
        begins, ends = period["period_start"], period["period_end"]
        return sum(day["conversations"] for day in days if begins <= day["started_date"] < ends)

    rows = presets.periods(reading.first, reading.last, reading.filters.grain, reading.whom.account)
    rows = [{**row, "conversations": count(row)} for row in rows]
    name, measure = reading.texts("column.conversations"), MEASURES["conversations"]
    link = lambda row: reading.here(**reading.of_period(row))  # noqa: E731
    return charts.over_time("bars", [Drawn(name, rows, measure, link)], reading.period, reading.formats)


def _conversation(reading: Reading, key: str) -> dict[str, Any]:
    source_system, _, conversation_id = key.partition("/")
    rows = reading.run(queries.conversation(reading.whom.ids, source_system, conversation_id))
    row = rows[0] if rows else None
    return {
        "open": key,
        "row": row,
        "facts": FACTS,
        "events": [
            (event, reading.local(event.instant, row["account_id"]), _wait(reading, event.since_before))
            for event in timeline.events(row)
        ]
        if row
        else [],
        "text": text_of(reading),
        "source_url": _web(row["source_url"]) if row else None,
    }


def _web(address: str | None) -> str | None:
    """An address that a browser may follow: whatever a configuration says, a link runs nothing."""
    return address if address and address.startswith(("https://", "http://")) else None


def _wait(reading: Reading, seconds: int | None) -> str:
    if seconds is None:
        return ""
    if seconds == 0:
        return reading.texts("details.same_time")
    return reading.texts("details.after", wait=reading.formats.duration(seconds))


def text_of(reading: Reading) -> Callable[[str, Row], str]:
    """How a column of details reads."""
    texts, formats = reading.texts, reading.formats
    words = {None: NOTHING, True: texts("yes"), False: texts("no")}

    def text(column: str, row: Row) -> str:
        value = row[column]
        if column == "agent_name":
            return str(value or row["agent_email"] or row["agent_id"] or texts("table.unassigned"))
        if column == "started_at":
            return formats.instant(reading.local(value, row["account_id"]))
        if column in ("status", "source"):
            return texts.word({"status": "statuses", "source": "sources"}[column], value)
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


PAGE = Page("details.html", shown, queries.SORTABLE)
