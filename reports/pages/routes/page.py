"""What all pages share: one request is answered from one release, for one reader.

Here: which release, which accounts, which filters; what is shown when there is nothing to show. Not here: any page.

A page is a :class:`Page`: its template, and a function that makes from a :class:`Reading` what the template shows.
Whatever it shows comes from ``reading.rows``: the table macros. In templates ``r`` is the reading, ``t`` its texts.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ingestion.zones import zone
from reports import published
from reports.pages import access, fitting, queries
from reports.pages.address import Problem, View, query_of, read, write
from reports.pages.charts import Row
from reports.pages.fitting import Choices, Whom
from reports.pages.formats import Formats
from reports.pages.measures import MEASURES, Measure
from reports.pages.queries import Query
from reports.pages.releases import Release, Releases
from reports.pages.rendering import VERSION, render
from reports.pages.texts import Texts, chosen
from reports.published import Account, OlderReleaseError, UnreadableError
from reports.queries import LISTS, NO_FILTER, WORDS, Filters

LOG = logging.getLogger("causerie.pages")
RELEASE_HEADER = "x-causerie-release"
"""In a request: the release that the page before was made of. In an answer: the one that this page is made of."""


class Notice(Exception):
    """There is nothing to show: the key of the text that says so, of the one that says what to do, and their parts."""

    def __init__(self, title: str, todo: str = "", status: int = 200, **words: str) -> None:
        super().__init__(title)
        self.title, self.todo, self.status, self.words = title, todo or f"{title}.todo", status, words


@dataclass(frozen=True)
class Reading:
    """What a page is made from.

    ``base`` stands before all addresses, ``paths`` are those of all pages. ``accounts`` are those that the reader may
    see, ``whom`` the chosen ones.
    ``problems`` are what could not be used of the address. ``filters`` have the grain of the charts.
    """

    name: str
    base: str
    paths: Mapping[str, str]
    texts: Texts
    release: Release
    accounts: Sequence[Account]
    whom: Whom
    view: View
    problems: Sequence[Problem]
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
        return self.paths[page] + query_of(self.view.kept(**changes))

    def here(self, **changes: Any) -> str:
        """The address of this page with something changed; from its first row, unless that is what changes."""
        return self.paths[self.name] + query_of(replace(self.view, **{"page": 1} | changes))

    def behind(self, column: str, **changes: Any) -> str | None:
        """The address of the conversations behind a figure; None: there is no such list."""
        only = MEASURES[column].only
        return None if only is None else self.link("details", **{"only": only} | changes)

    def of_period(self, row: Row) -> dict[str, Any]:
        """What a view is changed by to show one period of a report."""
        return {"period": "custom", "first": row["period_start"], "last": row["period_end"] - timedelta(days=1)}

    def download(self, report: str, shape: str, grain: str | None = None) -> str:
        """The address of all rows of a report, from this release."""
        pinned = {"release": self.release.release_id, "rows": grain or self.filters.grain}
        return f"{self.base}/download/{report}.{shape}?{urlencode(write(self.view) | pinned, doseq=True)}"

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
    def periods(self) -> list[Row]:
        """The figures of each period of the charts, which every page reads."""
        return self.rows("overview")

    def added(self, column: str) -> int:
        """What a column of the periods adds up to."""
        return sum(row[column] or 0 for row in self.periods)

    @property
    def has_schedule(self) -> bool:
        """Whether working hours are known for what is shown; True if that cannot be seen."""
        timed = [of for of in ("first_response", "duration") if self.added(f"{of}_count")]
        return all(self.added(f"{of}_business_count") for of in timed)

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
        return self.texts.definition(self.release.read(published.descriptions, table).get(column, ""))

    def local(self, instant: datetime | None, account_id: str) -> datetime | None:
        """An instant on the wall clock of an account."""
        timezone = next(one.timezone for one in self.whom.accounts if one.account_id == account_id)
        return None if instant is None else instant.astimezone(zone(timezone))

    def named(self, field: str, value: str) -> str:
        """The name of a filter's value; an agent may be chosen by id, too."""
        if field == "agents" and value not in self.choices[field]:
            agents = (agent for account in self.whom.ids for agent in self.release.read(published.agents, account))
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
                without = self.here(**{field: NO_FILTER[field]})
                found.append((self.texts(f"filter.{field}"), self.texts(f"{field}.{word}"), without))
        return found

    @property
    def note(self) -> str:
        """What the figures are compared with."""
        if not (before := self.days_before):
            return self.texts("compare.none", first=self.formats.day(self.whom.compared_from))
        compared = self.texts("compare.note", before=self.formats.days(before["first_day"], before["last_day"]))
        return compared if self.is_complete else f"{compared} {self.texts('compare.incomplete')}"


@dataclass(frozen=True)
class Page:
    """A page: its template, what its template shows, and the columns that it can be sorted by.

    ``has_times``: whether it shows times, whose statistic and hours can be chosen. ``is_list``: whether it is there
    when nothing matches, and says so itself.
    """

    template: str
    shown: Callable[[Reading], dict[str, Any]]
    sortable: Collection[str] = ()
    has_times: bool = True
    is_list: bool = False


def texts_of(request: Request) -> Texts:
    """The words of the reader's language."""
    return chosen(request.query_params.get("lang"), request.headers.get("accept-language"))


def release_of(request: Request, release_id: str | None) -> Release:
    """The release of a request: the one that it names, else the current one.

    Raises:
        Notice: nothing is published, or it cannot be read.
    """
    releases: Releases = request.app.state.releases
    try:
        return releases.find(release_id)
    except UnreadableError as error:
        LOG.warning("%s", error)
        if not releases.link.exists():
            raise Notice("state.nothing_published", status=503) from error
        kind = "older" if isinstance(error, OlderReleaseError) else "other"
        raise Notice("state.unreadable", f"state.unreadable.{kind}", 503) from error


def reading_of(request: Request, name: str, release: Release, texts: Texts, sortable: Collection[str]) -> Reading:
    """What a page is made from.

    Raises:
        Notice: the reader may see no account of the release, or it has none.
    """
    view, problems = read({name: request.query_params.getlist(name) for name in request.query_params})
    accounts = access.visible(request, release.read(published.accounts))
    if not accounts:
        raise Notice("state.no_account_seen", status=403) if access.is_limited(request) else Notice("state.no_accounts")
    whom, unknown = fitting.whom_of(view, accounts)
    view, more = fitting.fitted(view, release, whom, sortable)
    return Reading(
        name,
        request.app.state.base,
        request.app.state.paths,
        texts,
        release,
        accounts,
        whom,
        view,
        [*problems, *unknown, *more],
        fitting.choices_of(release, whom, texts),
        fitting.filters(view, whom),
    )


def answering(name: str, page: Page) -> Callable[[Request], Response]:
    """The endpoint of a page. Starlette runs it in a thread."""

    def answer(request: Request) -> Response:
        state, texts = request.app.state, texts_of(request)
        frame = {"name": name, "base": state.base, "paths": state.paths, "t": texts, "has_times": page.has_times}
        frame["release_id"] = state.releases.current_id()
        try:
            release = release_of(request, request.headers.get(RELEASE_HEADER))
            tag = _tag(request, release, texts)
            headers = {"etag": tag, RELEASE_HEADER: release.release_id, "vary": _VARY}
            if request.headers.get("if-none-match") == tag:
                return Response(status_code=304, headers=headers)
            frame |= {"release_id": release.release_id, "about": release.read(published.about)}
            reading = reading_of(request, name, release, texts, page.sortable)
            frame["r"] = reading
            see_that_there_are_data(reading)
            if not page.is_list:
                _see_that_something_matches(reading)
            return HTMLResponse(render(page.template, **frame, **page.shown(reading)), headers=headers)
        except Notice as found:
            notice = found
        except Exception:  # the page says what to do, and the log what happened
            LOG.exception("a page of release %s failed", frame["release_id"])
            frame.pop("r", None)  # what failed may fail again
            notice = Notice("state.failed", status=500)
        return HTMLResponse(render("notice.html", **frame, notice=notice), notice.status, {"cache-control": "no-store"})

    return answer


_VARY = f"{RELEASE_HEADER}, accept-language"


def _tag(request: Request, release: Release, texts: Texts) -> str:
    """Equal when an answer would be: a release never changes."""
    parts = (VERSION, release.release_id, texts.language, str(request.url), access.named(request))
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


def see_that_there_are_data(reading: Reading) -> None:
    """Raises:
    Notice: the account has none.
    """
    if reading.whom.account.first_date is None:
        raise Notice("state.no_data")


def _see_that_something_matches(reading: Reading) -> None:
    """Raises:
    Notice: the period and the filters leave nothing of the account's data.
    """
    if not any(map(reading.added, ("conversations", "messages", "messages_failed"))):
        raise nothing_there(reading)


def nothing_there(reading: Reading) -> Notice:
    """Why there is nothing to show: the filters, or the period."""
    account, day = reading.whom.account, reading.formats.day
    assert account.first_date and account.last_date  # it has data
    is_outside = reading.last < account.first_date or reading.first > account.last_date
    if reading.view.selection() != NO_FILTER and not is_outside:
        return Notice("state.nothing_matches")
    return Notice("state.outside", first=day(account.first_date), last=day(account.last_date))
