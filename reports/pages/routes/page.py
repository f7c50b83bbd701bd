"""What all pages share: one request is answered from one release, for one reader.

Here: which release, which accounts, which filters; what is shown when there is nothing to show. Not here: any page.

A page is a :class:`Page`: the name of its template, the columns that it can be sorted by, and a function that makes
from a :class:`Reading` what the template shows. Whatever it shows comes from ``reading.rows``: the table macros.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ingestion.zones import zone
from reports.pages import access, fitting, queries
from reports.pages.address import Problem, View, query_of, read
from reports.pages.charts import Row
from reports.pages.fitting import Choices, Whom
from reports.pages.formats import Formats
from reports.pages.measures import MEASURES, Measure
from reports.pages.queries import Query
from reports.pages.releases import Release, Releases
from reports.pages.rendering import VERSION, render
from reports.pages.texts import Texts, chosen
from reports.published import OlderReleaseError, UnreadableError
from reports.queries import LISTS, NO_FILTER, WORDS, Filters

LOG = logging.getLogger("causerie.pages")
RELEASE_HEADER = "x-causerie-release"
"""In a request: the release that the page before was made of. In an answer: the one that this page is made of."""


@dataclass(frozen=True)
class Reading:
    """What a page is made from. ``filters`` have the grain of its charts; ``base`` is the path of all pages."""

    name: str
    base: str
    paths: Mapping[str, str]
    texts: Texts
    release: Release
    whom: Whom
    view: View
    choices: Choices
    filters: Filters

    @property
    def formats(self) -> Formats:
        """How the language of the page writes figures."""
        return self.texts.formats

    @property
    def first(self) -> date:
        """First day of the period."""
        return self.filters.first_day

    @property
    def last(self) -> date:
        """Last day of the period, included."""
        return self.filters.last_day

    def rows(self, report: str, grain: str | None = None, **changes: Any) -> list[Row]:
        """The rows of a report with the filters of this page: of one account, or of several added up."""
        return self.run(queries.together(report, self._changed(grain, changes), self.whom.ids))

    def rows_apart(self, report: str, grain: str | None = None, columns: str = "*", **changes: Any) -> list[Row]:
        """The rows of a report as they are, of each account its own."""
        return self.run(queries.report(report, self._changed(grain, changes), self.whom.ids, columns))

    def run(self, query: Query) -> list[Row]:
        """The rows of a query on the release of this page."""
        return self.release.run(query).dicts()

    def _changed(self, grain: str | None, changes: dict[str, Any]) -> Filters:
        return replace(self.filters, **changes, grain=grain or self.filters.grain)

    def link(self, page: str, **changes: Any) -> str:
        """The address of a page with the same filters, and with what is changed."""
        return self.base + self.paths[page] + query_of(replace(self.view.kept(), **changes))

    def here(self, **changes: Any) -> str:
        """The address of this page with something changed; from its first row, unless that is what changes."""
        return self.base + self.paths[self.name] + query_of(replace(self.view, **({"page": 1} | changes)))

    def behind(self, column: str, **changes: Any) -> str | None:
        """The address of the conversations behind a figure; None: there is no such list."""
        only = MEASURES[column].only
        return None if only is None else self.link("details", **({"only": only} | changes))

    def of_period(self, row: Row) -> dict[str, Any]:
        """What a view is changed by to show one period of a report."""
        return {"period": "custom", "first": row["period_start"], "last": row["period_end"] - timedelta(days=1)}

    def download(self, report: str, shape: str, grain: str | None = None) -> str:
        """The address of all rows of a report, from this release."""
        view = replace(self.view, grain=grain) if grain else self.view
        pinned = urlencode({"release": self.release.release_id, "rows": grain or self.filters.grain})
        query = query_of(view)
        return f"{self.base}/download/{report}.{shape}{query}{'&' if query else '?'}{pinned}"

    @cached_property
    def compared(self) -> dict[str, Row]:
        """The figures of the period and of the periods it is compared with, by their column ``compared``."""
        return {row["compared"]: row for row in self.rows("compare")}

    @property
    def totals(self) -> Row:
        """The figures of the whole period."""
        return self.compared["period"]

    def comparable(self, compared: str) -> Row | None:
        """The figures of another period; None unless all accounts have data for all of it."""
        row, first = self.compared[compared], self.whom.compared_from
        return row if first is not None and row["period_start"] >= first else None

    @property
    def days_before(self) -> dict[str, Any] | None:
        """What filters are changed by to choose as many days before; None unless all accounts have data for them."""
        days, first = self.last - self.first + timedelta(days=1), self.whom.compared_from
        if first is None or self.first - first < days:
            return None
        return {"first_day": self.first - days, "last_day": self.last - days}

    @property
    def is_complete(self) -> bool:
        """Whether the data reach to the end of the period: a part of one is not compared with a whole one."""
        through = self.whom.account.data_through
        return through is not None and self.last < through.date()

    @cached_property
    def counts(self) -> dict[str, int]:
        """Of the whole period what adds up over the rows of charts, which every page reads."""
        rows = self.rows("overview")
        return {column: sum(row[column] or 0 for row in rows) for column in queries.ADDED}

    @property
    def has_schedule(self) -> bool:
        """Whether working hours are known for what is shown; True if that cannot be seen."""
        pairs = (
            ("first_response_count", "first_response_business_count"),
            ("duration_count", "duration_business_count"),
        )
        return not any(self.counts[count] and not self.counts[business] for count, business in pairs)

    @property
    def in_hours(self) -> bool:
        """Whether durations count working hours only."""
        return self.has_schedule if self.view.clock == "auto" else self.view.clock == "working"

    @property
    def statistic(self) -> str:
        """Median, average or 90th percentile; several accounts have an average only."""
        return self.view.statistic if self.whom.is_one else "avg"

    def figure(self, columns: Collection[str], usual: str) -> Measure:
        """The figure that was chosen out of these."""
        return MEASURES[self.view.figure if self.view.figure in columns else usual]

    def period(self, row: Row) -> str:
        """The period of a row, in words."""
        name = self.formats.period(row["period_start"], row["period_end"], row["grain"])
        return name if row["is_complete"] else f"{name} ({self.texts('chart.incomplete')})"

    def definition(self, column: str, table: str = "overview") -> str:
        """What a column means, in the language of the page."""
        own = f"definition.{column}"
        if own in self.texts:
            return self.texts(own)
        return self.texts.definition(self.release.descriptions(table).get(column, ""))

    def local(self, instant: datetime | None, account_id: str) -> datetime | None:
        """An instant on the wall clock of an account."""
        timezone = next(one.timezone for one in self.whom.accounts if one.account_id == account_id)
        return None if instant is None else instant.astimezone(zone(timezone))

    @property
    def cleared(self) -> str:
        """The address of this page without filters."""
        return self.here(**NO_FILTER)

    def named(self, field: str, value: str) -> str:
        """The name of a filter's value; an agent may be chosen by id, too."""
        if field == "agents" and value not in self.choices[field]:
            agents = (agent for account in self.whom.ids for agent in self.release.agents(account))
            return next((agent.name for agent in agents if agent.agent_id == value), value)
        return self.choices[field].get(value, value)

    @property
    def selected(self) -> list[tuple[str, str, str]]:
        """The filters that are set: what is filtered, the value's name, and the address without it."""
        found = []
        for field in LISTS:
            values = getattr(self.view, field)
            for value in values:
                without = self.here(**{field: tuple(one for one in values if one != value)})
                found.append((self.texts(f"filter.{field}"), self.named(field, value), without))
        for field in WORDS:
            if (word := getattr(self.view, field)) != NO_FILTER[field]:
                found.append(
                    (
                        self.texts(f"filter.{field}"),
                        self.texts(f"{field}.{word}"),
                        self.here(**{field: NO_FILTER[field]}),
                    )
                )
        return found


@dataclass(frozen=True)
class Page:
    """A page: its template, the columns that it can be sorted by, and what its template shows."""

    template: str
    shown: Callable[[Reading], dict[str, Any]]
    sortable: Collection[str] = ()


def asked(request: Request) -> dict[str, list[str]]:
    """The query parameters."""
    return parse_qs(request.url.query, keep_blank_values=True)


def reading_of(
    request: Request, name: str, paths: Mapping[str, str], release: Release, texts: Texts, sortable: Collection[str]
) -> tuple[Reading | None, Whom, View, list[Problem]]:
    """What a page is made from; None when its account has no data. And what in the address could not be used."""
    view, problems = read(asked(request))
    accounts = access.visible(request, release.accounts())
    if not accounts:
        raise access.NothingToSee
    whom, unknown = fitting.whom_of(view, accounts)
    choices = fitting.choices_of(release, whom, texts)
    view, more = fitting.fitted(view, release, whom, choices, sortable)
    days = fitting.days(view, whom.account)
    if days is None:
        return None, whom, view, [*problems, *unknown, *more]
    filters = fitting.filters(view, whom, *days)
    reading = Reading(name, request.app.state.base, paths, texts, release, whom, view, choices, filters)
    return reading, whom, view, [*problems, *unknown, *more]


def language_of(request: Request) -> Texts:
    """The words of the reader's language."""
    return Texts(chosen(asked(request).get("lang", [None])[-1], request.headers.get("accept-language")))


def answering(name: str, page: Page, paths: Mapping[str, str]) -> Callable[[Request], Response]:
    """The endpoint of a page. Starlette runs it in a thread."""

    def answer(request: Request) -> Response:
        texts = language_of(request)
        releases: Releases = request.app.state.releases
        frame = {"name": name, "base": request.app.state.base, "paths": paths, "texts": texts, "t": texts}
        try:
            release = releases.read(request.headers.get(RELEASE_HEADER))
        except UnreadableError as error:
            LOG.warning("%s", error)
            return _notice(frame | {"unread": releases.current_id()}, **_unreadable(releases, error))
        tag = _tag(request, release, texts)
        headers = {"etag": tag, RELEASE_HEADER: release.release_id, "vary": _VARY}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        frame["release"] = release
        try:
            reading, whom, view, problems = reading_of(request, name, paths, release, texts, page.sortable)
            frame |= {"r": reading, "whom": whom, "view": view, "problems": problems}
            frame |= {"accounts": access.visible(request, release.accounts())}
            if reading is None:
                return _notice(frame, "state.no_data")
            if name != "details" and (nothing := _nothing(reading)):
                return _notice(frame, **nothing)
            return HTMLResponse(render(page.template, **frame, **page.shown(reading)), headers=headers)
        except access.NothingToSee:
            if request.app.state.account_header:
                return _notice(frame, "state.no_account_seen", status=403)
            return _notice(frame, "state.no_accounts")
        except Exception:  # the page says what to do, and the log what happened
            LOG.exception("a page of %s failed", release.file)
            for shown in ("view", "r"):  # what failed may fail again
                frame.pop(shown, None)
            return _notice(frame, "state.failed", status=500)

    return answer


_VARY = f"{RELEASE_HEADER}, accept-language"


def _tag(request: Request, release: Release, texts: Texts) -> str:
    """Equal when an answer would be: a release never changes."""
    parts = (VERSION, release.release_id, texts.language, str(request.url), access.named(request))
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


def _notice(frame: Mapping[str, Any], title: str, todo: str | None = None, status: int = 200, **words: str) -> Response:
    shown = {"title": title, "todo": todo or f"{title}.todo", "words": words}
    return HTMLResponse(render("notice.html", **frame, **shown), status, {"cache-control": "no-store"})


def _unreadable(releases: Releases, error: UnreadableError) -> dict[str, Any]:
    """Nothing is published, or it cannot be read."""
    if not releases.link.exists():
        return {"title": "state.nothing_published", "status": 503}
    kind = "older" if isinstance(error, OlderReleaseError) else "other"
    return {"title": "state.unreadable", "todo": f"state.unreadable.{kind}", "status": 503}


def _nothing(reading: Reading) -> dict[str, Any]:
    """What to say if the period and the filters leave nothing; empty if they leave something."""
    counts, account, formats = reading.counts, reading.whom.account, reading.formats
    if counts["conversations"] or counts["messages"] or counts["messages_failed"]:
        return {}
    assert account.first_date and account.last_date  # else there is no period at all
    is_outside = reading.last < account.first_date or reading.first > account.last_date
    if reading.view.selection() != NO_FILTER and not is_outside:
        return {"title": "state.nothing_matches"}
    return {
        "title": "state.outside",
        "first": formats.day(account.first_date),
        "last": formats.day(account.last_date),
    }
