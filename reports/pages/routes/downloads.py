"""Reports as files, with the filters of a page and from its release.

Here: which rows, under which name. Not here: the formats (``reports.downloads``, ``reports.workbooks``).
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import duckdb
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from reports.downloads import Result, write_csv
from reports.pages import queries
from reports.pages.address import NARROWING
from reports.pages.queries import Query
from reports.pages.routes.page import LOG, Notice, Reading, reading_of, release_of, see_that_there_are_data, texts_of
from reports.queries import ALL_GRAINS, REPORTS, Report
from reports.workbooks import write_workbook

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def download(request: Request) -> Response:
    """All rows and columns of a report, unformatted."""
    report = REPORTS.get(request.path_params["report"])
    shape = request.path_params["shape"]
    if report is None or shape not in TYPES:
        return PlainTextResponse("There is no such report.", 404)
    texts = texts_of(request)
    try:
        release = release_of(request, request.query_params.get("release"))
        reading = reading_of(request, "details", release, texts, queries.SORTABLE)
        see_that_there_are_data(reading)
    except Notice as notice:
        return PlainTextResponse(texts(notice.title), 404 if notice.status == 200 else notice.status)
    grain = request.query_params.get("rows")
    filters = replace(reading.filters, grain=grain) if grain in ALL_GRAINS else reading.filters
    if report.name == "details":
        query = queries.details(filters, reading.whom.ids, reading.view)
    else:
        query = queries.report(report.name, filters, reading.whom.ids)
    with tempfile.NamedTemporaryFile(prefix="causerie-", suffix=f".{shape}", delete=False) as file:
        path = Path(file.name)
    rows = _Asked(release.cursor(), report, query)
    try:
        if shape == "csv":
            with path.open("w", encoding="utf-8", newline="") as out:
                write_csv(rows, out)
        else:
            write_workbook(rows, _about(reading, report), path)
    except Exception:  # nothing half-written stays, whatever failed
        path.unlink()
        LOG.exception("a download of %s failed", release.file)
        return PlainTextResponse("The report could not be made; the log of the server says why.", 500)
    name, background = _name(reading, report, shape), BackgroundTask(path.unlink)
    return FileResponse(path, media_type=TYPES[shape], filename=name, background=background)


class _Asked(Result):
    """The rows of a query, under the name of a report."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, report: Report, query: Query) -> None:
        self.connection, self.report, self.sql, self.values = cursor, report, query.sql, query.values


def _about(reading: Reading, report: Report) -> list[tuple[str, str]]:
    """What a workbook says of itself."""
    return [
        ("report", report.name),
        ("release", reading.release.release_id),
        ("account", ", ".join(reading.whom.ids)),
        ("days", f"{reading.first} to {reading.last}"),
        *((name, value) for name, value, _ in reading.selected),
        *((name, str(getattr(reading.view, name))) for name in (*NARROWING, "search") if report.name == "details"),
    ]


def _name(reading: Reading, report: Report, shape: str) -> str:
    account = reading.whom.account.account_id if reading.whom.is_one else "all"
    name = f"{account}-{report.name}-{reading.first}-{reading.last}.{shape}"
    return "".join(letter if letter.isalnum() or letter in "-._" else "_" for letter in name)
