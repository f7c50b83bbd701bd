"""The routes: what each address answers.

Here: the list of pages, and of what is no page. A page is added here, with a module of its own and a template
(``page`` says how).
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import BaseRoute, Route

from reports.pages.routes import backlog, details, downloads, flows, groups, overview, targets
from reports.pages.routes.page import Page, answering

PAGES: dict[str, tuple[str, Page]] = {
    "overview": ("/", overview.PAGE),
    "backlog": ("/backlog", backlog.PAGE),
    **{name: (f"/{name}", groups.page(name)) for name in groups.GROUPS},
    "by-target": ("/by-target", targets.PAGE),
    "by-flow": ("/by-flow", flows.PAGE),
    "details": ("/details", details.PAGE),
}
"""By name, in the order of the navigation: the path and the page."""


def routes() -> list[BaseRoute]:
    """All of them, below the base path."""
    return [
        *(Route(path, answering(name, page)) for name, (path, page) in PAGES.items()),
        Route("/download/{report}.{shape}", downloads.download),
        Route("/release", current_release),
        Route("/healthz", health),
    ]


def current_release(request: Request) -> JSONResponse:
    """What an open page asks: the id of the current release; null while nothing is published."""
    return JSONResponse({"release": request.app.state.releases.current_id()}, headers={"cache-control": "no-store"})


def health(_: Request) -> PlainTextResponse:
    """The server answers."""
    return PlainTextResponse("ok", headers={"cache-control": "no-store"})
