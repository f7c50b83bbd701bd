"""Which conversations stand behind a figure: what Details is narrowed to when somebody asks for them.

Here: the conditions, on columns of ``report_details``. Not here: the filters of the reports (``reports.queries``), nor
which figure has which of these (``measures``).
"""

from __future__ import annotations

from typing import Any

NARROWED = {
    "closed": "is_closed",
    "answered": "is_answered",
    "unanswered": "not is_answered",
    "reopened": "reopened",
    "responded": "first_response_seconds is not null",
    "responded_in_hours": "first_response_business_seconds is not null",
    "replied": "replies > 0",
    "ended": "duration_seconds is not null",
    "ended_in_hours": "duration_business_seconds is not null",
    "surveyed": "is_surveyed",
    "rated": "rating is not null",
    "satisfied": "is_satisfied",
    "failed": "messages_failed > 0",
    **{source: f"source = '{source}'" for source in ("inbox", "flow", "inbound", "other")},
    **{f"rating_{score}": f"rating = {score}" for score in range(1, 6)},
}
"""By its word in an address."""


def conditions(only: str, responder: str, weekday: int | None, hour: int | None) -> tuple[list[str], dict[str, Any]]:
    """SQL conditions, and the values of their parameters. ``responder``: the id of who gave the first response."""
    found: list[str] = [NARROWED[only]] if only else []
    values: dict[str, Any] = {}
    if responder:
        found.append("first_responder_id = $responder")
        values["responder"] = responder
    if weekday is not None:
        found.append("isodow(started_date) = $weekday")
        values["weekday"] = weekday
    if hour is not None:
        found.append("started_hour = $hour")
        values["hour"] = hour
    return found, values
