"""The datasets of the bundle: the marts by grain and the conversations, with metrics that are right at any grouping.

Here: which metrics there are. Not here: what columns mean (``dbt_project/models/marts``), charts (``dashboard``).

A metric has the name of the column of the measure set that it gives, whatever it is grouped by. What does not add up,
such as contacts and medians, is a metric of the conversations only. All SQL is understood by DuckDB and PostgreSQL.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from expectations.grains import GRAINS
from expectations.marts import MODELS
from reports.pages.texts.en import TEXTS

DISTINCT = ("distinct_contacts", "by_flow.contacts", "by_flow.conversations")
"""Counts that cannot be summed, of every mart or of one: what is counted may be in several rows."""
OVERLAPPING = {"by_tag": "tag", "by_target": "target"}
"""Marts in whose groups the same conversation may be: figures are of one group, never of several together."""
RATIOS = {
    "avg_reply_seconds": ("reply_seconds_sum", "replies"),
    "avg_rating": ("rating_sum", "ratings"),
    "csat_percent": ("ratings_satisfied", "ratings"),
    "survey_response_percent": ("ratings", "surveys"),
    "met_percent": ("met", "met + missed"),
    "completed_percent": ("completed", "runs - ongoing"),
}
"""Averages and shares: what is summed up and divided by what. Those of durations follow from their names."""
DURATIONS = ("first_response", "first_response_business", "duration", "duration_business")
FLOWS = ("opened", "reopened", "closed", "closing_unknown")
"""What of the backlog may be summed over days: the other counts say how things stand at the end of one."""
_FIGURES = ("bigint", "double")
"""The types of figures; what people group by has others."""


def ratio(numerator: str, denominator: str, name: str) -> str:
    """SQL of an average or a share; NULL without any."""
    percent = "100.0 * " if name.endswith("_percent") else ""
    return f"{percent}cast({numerator} as double precision) / nullif({denominator}, 0)"


def _percentile(share: str, column: str) -> str:
    return f"percentile_cont({share}) within group (order by {column})"


OF_CONVERSATIONS = {
    "conversations": "count(*)",
    **{
        f"conversations_{source}": f"count(*) filter (where source = '{source}')"
        for source in ("inbox", "flow", "inbound", "other")
    },
    "distinct_contacts": "count(distinct contact_key)",
    "conversations_answered": "count(*) filter (where is_answered)",
    "conversations_unanswered": "count(*) filter (where not is_answered)",
    "conversations_closed": "count(*) filter (where is_closed)",
    "conversations_reopened": "count(*) filter (where reopened)",
    "reopens": "sum(reopens)",
    **{
        name: sql
        for measure in DURATIONS
        for name, sql in (
            (f"avg_{measure}_seconds", f"avg({measure}_seconds)"),
            (f"median_{measure}_seconds", _percentile("0.5", f"{measure}_seconds")),
            (f"p90_{measure}_seconds", _percentile("0.9", f"{measure}_seconds")),
        )
    },
    "replies": "sum(replies)",
    "avg_reply_seconds": ratio("sum(reply_seconds_sum)", "sum(replies)", "avg_reply_seconds"),
    "surveys": "count(*) filter (where is_surveyed)",
    "ratings": "count(rating)",
    "avg_rating": "avg(rating)",
    "ratings_satisfied": "count(*) filter (where is_satisfied)",
    "csat_percent": ratio("count(*) filter (where is_satisfied)", "count(rating)", "csat_percent"),
    "survey_response_percent": ratio("count(rating)", "count(*) filter (where is_surveyed)", "survey_response_percent"),
    "messages_per_conversation": ratio("sum(messages)", "count(*)", "messages_per_conversation"),
}
"""The metrics of ``details``. Messages are not among them: those of a period are the ones sent in it."""
_DEFINITIONS = {"messages_per_conversation": "Messages of these conversations, divided by their number."}


@dataclass(frozen=True)
class Column:
    """A column of a table, or with ``expression`` one that Superset computes. ``is_measure``: not to group by."""

    name: str
    type: str
    description: str
    expression: str | None = None
    is_measure: bool = False

    @property
    def is_time(self) -> bool:
        """Whether it is a date or an instant."""
        return self.type.startswith(("date", "timestamp"))


@dataclass(frozen=True)
class Metric:
    """An aggregate that is right at any grouping."""

    name: str
    sql: str
    description: str


@dataclass(frozen=True)
class Dataset:
    """A table of the release. ``time``: the column by which charts and filters of time go."""

    name: str
    description: str
    time: str
    columns: tuple[Column, ...]
    metrics: tuple[Metric, ...]

    def sql(self, metric: str) -> str:
        """The SQL of a metric."""
        return next(one.sql for one in self.metrics if one.name == metric)


def title(name: str) -> str:
    """What people call a column: as on the report pages, else its name in words."""
    return TEXTS.get(f"column.{name}") or name.replace("_", " ").capitalize()


def datasets() -> list[Dataset]:
    """All of them."""
    found = []
    for mart in MODELS:
        columns = tuple(
            Column(one["name"], one["data_type"], one["description"], is_measure=one["data_type"] in _FIGURES)
            for one in mart["columns"]
        )
        if mart["name"] == "details":
            found.append(_conversations(mart["description"], columns))
        elif mart["name"] == "backlog":
            found.append(_backlog(mart["description"], columns))
        elif any(column.name == "grain" for column in columns):
            found += [_by_grain(mart["name"], mart["description"], columns, grain) for grain in GRAINS]
    return [*found, RELEASE]


def metrics_of_measures(mart: str, columns: Sequence[Column]) -> dict[str, str]:
    """The SQL of what the columns of a mart give over any rows of it: sums, and ratios of sums."""
    sums = {column.name: f"sum({column.name})" for column in columns if _adds_up(mart, column)}
    durations = {
        f"avg_{measure}_seconds": (f"{measure}_seconds_sum", f"{measure}_count")
        for measure in DURATIONS
        if f"{measure}_count" in sums
    }
    ratios = {
        name: ratio(f"sum({counted})", f"sum({of})", name)
        for name, (counted, of) in {**durations, **RATIOS}.items()
        if sums.keys() >= {counted, *re.findall(r"\w+", of)}
    }
    found = {column.name: (sums | ratios)[column.name] for column in columns if column.name in sums | ratios}
    group = OVERLAPPING.get(mart)
    if group is None:
        return found
    return {name: f"case when count(distinct {group}) = 1 then {sql} end" for name, sql in found.items()}


def _adds_up(mart: str, column: Column) -> bool:
    return column.type == "bigint" and column.name not in DISTINCT and f"{mart}.{column.name}" not in DISTINCT


def _by_grain(mart: str, description: str, columns: Sequence[Column], grain: str) -> Dataset:
    metrics = metrics_of_measures(mart, columns)
    group = OVERLAPPING.get(mart)
    of_one = f" Of one {group} only: without grouping or filtering by {group} it is empty." if group else ""
    return Dataset(
        f"{mart}_{grain}",
        f"By {grain}. {description}",
        "period_start",
        tuple(_with_advice(mart, column, metrics) for column in columns if column.name != "grain"),
        tuple(
            Metric(column.name, metrics[column.name], column.description + of_one)
            for column in columns
            if column.name in metrics
        ),
    )


def _backlog(description: str, columns: tuple[Column, ...]) -> Dataset:
    """A stock is of one day: over several days a metric of it is empty."""
    counts = [column for column in columns if column.type == "bigint"]
    metrics = tuple(
        Metric(column.name, f"sum({column.name})", column.description)
        if column.name in FLOWS
        else Metric(
            column.name,
            f"case when count(distinct local_date) = 1 then sum({column.name}) end",
            f"{column.description} Of one day only: over several days it is empty.",
        )
        for column in counts
    )
    return Dataset(
        "backlog", description, "local_date", tuple(_with_advice("backlog", one, {}) for one in columns), metrics
    )


def _with_advice(mart: str, column: Column, metrics: dict[str, str]) -> Column:
    """A column whose description also says what to ask in its place, if it cannot be summed."""
    if not column.is_measure or _adds_up(mart, column):
        return column
    advice = " Do not sum or average it"
    if column.name in metrics:
        advice += ": the metric of this name is right at any grouping"
    elif column.name in OF_CONVERSATIONS and f"{mart}.{column.name}" not in DISTINCT:
        advice += ": the metric of `details` is right at any grouping"
    return replace(column, description=f"{column.description}{advice}.")


def _conversations(description: str, columns: tuple[Column, ...]) -> Dataset:
    of_measures = {one["name"]: one["description"] for mart in MODELS for one in mart["columns"]} | _DEFINITIONS
    weekday = Column(
        *("started_weekday", "bigint", "Weekday of the start: 1 Monday to 7 Sunday."),
        expression="extract(isodow from started_date)",
    )
    metrics = tuple(Metric(name, sql, of_measures[name]) for name, sql in OF_CONVERSATIONS.items())
    return Dataset("details", description, "started_date", (*columns, weekday), metrics)


RELEASE = Dataset(
    "release",
    "What these tables are: one row.",
    "published_at",
    (
        Column("release_id", "varchar", "Name of the release."),
        Column("published_at", "timestamptz", "When it was published, in UTC."),
        Column("data_through", "timestamptz", "Up to when the data of all accounts reaches, in UTC."),
    ),
    (),
)
