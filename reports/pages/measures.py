"""The figures that the pages show, and the unit of each.

Here: the unit of each column, and whether more of it is good. Not here: what it means (the comments of the release's
columns), its name on the page (``texts``).
"""

from __future__ import annotations

from dataclasses import dataclass

from reports.pages.formats import NOTHING, Formats

COUNT, DURATION, PERCENT, RATING, SHARE = "count", "duration", "percent", "rating", "share"
"""Units: a number of things; seconds; a value in percent; a score; a fraction of 1."""


@dataclass(frozen=True)
class Measure:
    """A column of the reports. ``good``: 1 when more is better, -1 when less is, 0 when neither."""

    column: str
    unit: str
    good: int = 0

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


MEASURES = {
    measure.column: measure
    for measure in (
        Measure("conversations", COUNT),
        Measure("conversations_inbox", COUNT),
        Measure("conversations_flow", COUNT),
        Measure("conversations_inbound", COUNT),
        Measure("conversations_other", COUNT),
        Measure("distinct_contacts", COUNT),
        Measure("messages", COUNT),
        Measure("messages_inbound", COUNT),
        Measure("messages_outbound", COUNT),
        Measure("messages_failed", COUNT, good=-1),
        Measure("conversations_answered", COUNT),
        Measure("conversations_unanswered", COUNT, good=-1),
        Measure("conversations_closed", COUNT),
        Measure("reopens", COUNT, good=-1),
        Measure("avg_first_response_seconds", DURATION, good=-1),
        Measure("median_first_response_seconds", DURATION, good=-1),
        Measure("p90_first_response_seconds", DURATION, good=-1),
        Measure("avg_first_response_business_seconds", DURATION, good=-1),
        Measure("median_first_response_business_seconds", DURATION, good=-1),
        Measure("p90_first_response_business_seconds", DURATION, good=-1),
        Measure("avg_duration_seconds", DURATION, good=-1),
        Measure("median_duration_seconds", DURATION, good=-1),
        Measure("p90_duration_seconds", DURATION, good=-1),
        Measure("avg_duration_business_seconds", DURATION, good=-1),
        Measure("median_duration_business_seconds", DURATION, good=-1),
        Measure("p90_duration_business_seconds", DURATION, good=-1),
        Measure("replies", COUNT),
        Measure("avg_reply_seconds", DURATION, good=-1),
        Measure("surveys", COUNT),
        Measure("ratings", COUNT),
        Measure("avg_rating", RATING, good=1),
        Measure("rating_1", COUNT),
        Measure("rating_2", COUNT),
        Measure("rating_3", COUNT),
        Measure("rating_4", COUNT),
        Measure("rating_5", COUNT),
        Measure("ratings_satisfied", COUNT),
        Measure("csat_percent", PERCENT, good=1),
        Measure("survey_response_percent", PERCENT, good=1),
        Measure("share_of_conversations", SHARE),
    )
}
"""By column."""
