"""The figures that the pages show, and the unit of each.

Here: the unit of each column, whether more of it is good, of how many it is made, and which conversations stand behind
it. Not here: what it means (the comments of the release's columns), its name on the page (``texts``).
"""

from __future__ import annotations

from dataclasses import dataclass

from reports.pages.formats import NOTHING, Formats

COUNT, DURATION, PERCENT, RATING, SHARE = "count", "duration", "percent", "rating", "share"
"""Units: a number of things; seconds; a value in percent; a score; a fraction of 1."""


@dataclass(frozen=True)
class Measure:
    """A column of the reports.

    ``good``: 1 when more is better, -1 when less is, 0 when neither. ``count`` is the column that says of how many it
    is made. ``only`` is the narrowing of Details that shows its conversations (``NARROWED``); None: there is no list.
    """

    column: str
    unit: str = COUNT
    good: int = 0
    count: str | None = None
    only: str | None = None

    def text(self, value: float | None, formats: Formats) -> str:
        """The value as people read it."""
        if value is None:
            return NOTHING
        if self.unit == DURATION:
            return formats.duration(value)
        if self.unit == PERCENT:
            return formats.percent(value)
        if self.unit == SHARE:
            return formats.percent(100 * value)
        return formats.number(value, 2 if self.unit == RATING else 0)

    def change(self, now: float | None, before: float | None, formats: Formats) -> str | None:
        """How it changed: in percent, percents in points, scores in their own unit; None if that cannot be said."""
        if now is None or before is None:
            return None
        if self.unit in (PERCENT, RATING):
            text = formats.number(now - before, 1 if self.unit == PERCENT else 2)
            return formats.signed(text) + (" pts" if self.unit == PERCENT else "")
        return formats.signed(formats.percent(100 * (now / before - 1), 0)) if before else None

    def judged(self, now: float | None, before: float | None) -> str:
        """Whether a change is for the better, for the worse, or neither: a word for its colour."""
        if now is None or before is None or now == before or not self.good:
            return "neutral"
        return "better" if (now > before) == (self.good > 0) else "worse"


NARROWED = {
    "closed": ("conversations_closed", "is_closed"),
    "answered": ("conversations_answered", "is_answered"),
    "unanswered": ("conversations_unanswered", "not is_answered"),
    "reopened": ("conversations_reopened", "reopened"),
    "responded": ("first_response_seconds", "first_response_seconds is not null"),
    "responded_in_hours": ("first_response_business_seconds", "first_response_business_seconds is not null"),
    "replied": ("replies", "replies > 0"),
    "ended": ("duration_seconds", "duration_seconds is not null"),
    "ended_in_hours": ("duration_business_seconds", "duration_business_seconds is not null"),
    "surveyed": ("surveys", "is_surveyed"),
    "rated": ("ratings", "rating is not null"),
    "satisfied": ("ratings_satisfied", "is_satisfied"),
    **{source: (f"conversations_{source}", f"source = '{source}'") for source in ("inbox", "flow", "inbound", "other")},
    **{f"rating_{score}": (f"rating_{score}", f"rating = {score}") for score in range(1, 6)},
}
"""What Details is narrowed to when somebody asks for the conversations behind a figure, by its word in an address: the
column whose name tells it, and the condition on ``report_details``."""

_HOUR, _DAY = 3_600, 86_400
AGES = {
    "waiting_under_1h": (0, _HOUR),
    "waiting_1h_4h": (_HOUR, 4 * _HOUR),
    "waiting_4h_24h": (4 * _HOUR, _DAY),
    "waiting_1d_3d": (_DAY, 3 * _DAY),
    "waiting_3d_7d": (3 * _DAY, 7 * _DAY),
    "waiting_over_7d": (7 * _DAY, None),
}
"""How long customers wait for us: from so many seconds on, to below so many."""


def _waited(first: int, end: int | None = None) -> str:
    return f"waiting_seconds >= {first}" + (f" and waiting_seconds < {end}" if end else "")


STANDING = {
    **{state: (state, f"state = '{state}'") for state in ("waiting_for_us", "waiting_unknown", "waiting_for_customer")},
    "waiting_unanswered": ("unanswered", "is_unanswered"),
    "waiting_over_1d": ("waiting_over_1d", _waited(_DAY)),
    **{age: (age, _waited(*seconds)) for age, seconds in AGES.items()},
}
"""The same of what was open at the end of a day: the condition on ``report_backlog_details``."""

TIMES = ("first_response", "first_response_business", "duration", "duration_business")
"""What has an average, a median and a 90th percentile."""
_BEHIND = ("responded", "responded_in_hours", "ended", "ended_in_hours")

OF_CONVERSATIONS = (
    Measure("conversations", only=""),
    *(Measure(f"conversations_{source}", only=source) for source in ("inbox", "flow", "inbound", "other")),
    Measure("distinct_contacts"),
    Measure("messages"),
    Measure("messages_inbound"),
    Measure("messages_outbound"),
    Measure("messages_failed", good=-1),
    Measure("conversations_answered", only="answered"),
    Measure("conversations_unanswered", good=-1, count="conversations", only="unanswered"),
    Measure("conversations_closed", count="conversations", only="closed"),
    Measure("conversations_reopened", good=-1, count="conversations", only="reopened"),
    Measure("reopens", good=-1),
    *(
        Measure(f"{statistic}_{of}_seconds", DURATION, -1, f"{of}_count", only)
        for of, only in zip(TIMES, _BEHIND, strict=True)
        for statistic in ("avg", "median", "p90")
    ),
    Measure("replies"),
    Measure("avg_reply_seconds", DURATION, -1, "replies", "replied"),
    Measure("surveys", only="surveyed"),
    Measure("ratings", only="rated"),
    Measure("avg_rating", RATING, 1, "ratings", "rated"),
    *(Measure(f"rating_{score}", only=f"rating_{score}") for score in range(1, 6)),
    Measure("ratings_satisfied", only="satisfied"),
    Measure("csat_percent", PERCENT, 1, "ratings", "rated"),
    Measure("survey_response_percent", PERCENT, 1, "surveys", "surveyed"),
)
"""The measure set: what every report of conversations has."""
OF_TARGETS = (
    Measure("met_percent", PERCENT, 1, "decided"),
    Measure("missed", good=-1),
    Measure("met"),
    Measure("pending"),
    Measure("units"),
    Measure("conversations_missed", good=-1, only=""),
    Measure("conversations_met", only=""),
)
"""What targets come to; ``decided`` units are met or missed. The last two count conversations, in which several units
may be."""
OF_FLOWS = (
    Measure("completed_percent", PERCENT, 1, "ended"),
    *(Measure(column) for column in ("runs", "contacts", "completed", "ongoing", "expired", "cancelled")),
    Measure("failed", good=-1),
    Measure("other"),
)
"""What flows come to; ``ended`` runs are not ongoing."""
OF_BACKLOG = (
    Measure("opened"),
    Measure("reopened"),
    Measure("closed"),
    Measure("open", good=-1, only=""),
    Measure("waiting_for_us", good=-1, count="open", only="waiting_for_us"),
    Measure("unanswered", good=-1, count="waiting_for_us", only="waiting_unanswered"),
    Measure("waiting_over_1d", good=-1, count="waiting_for_us", only="waiting_over_1d"),
    *(Measure(age, good=-1, count="waiting_for_us", only=age) for age in AGES),
    Measure("waiting_for_customer", count="open", only="waiting_for_customer"),
    Measure("waiting_unknown", count="open", only="waiting_unknown"),
    Measure("median_waiting_seconds", DURATION, -1, "waiting_for_us", "waiting_for_us"),
    Measure("median_open_seconds", DURATION, -1, "open", ""),
)
"""What stands at the end of a day, and what was opened and closed until then."""
_OTHERS = (Measure("share_of_conversations", SHARE, 0, "conversations", ""), *OF_BACKLOG, *OF_TARGETS, *OF_FLOWS)

MEASURES = {measure.column: measure for measure in (*OF_CONVERSATIONS, *_OTHERS)}
"""By column."""


def timed(of: str, statistic: str, in_hours: bool) -> str:
    """The column of a statistic of ``first_response`` or ``duration``."""
    return f"{statistic}_{of}{'_business' if in_hours else ''}_seconds"
