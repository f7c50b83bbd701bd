"""The routes: what each address answers.

Here: the list of pages, and of what is no page. A page is added here, with a module of its own and a template
(``page`` says how).
"""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from reports.pages.routes import details, downloads, groups, overview, watch
from reports.pages.routes.page import Page, answering

PAGES: dict[str, tuple[str, Page]] = {
    "overview": ("/", overview.PAGE),
    **{name: (f"/{name}", groups.page(name)) for name in groups.GROUPS},
    "details": ("/details", details.PAGE),
}
"""By name, in the order of the navigation: the path and the page."""


def routes() -> list[BaseRoute]:
    """All of them, below the base path."""
    paths = {name: path for name, (path, _) in PAGES.items()}
    return [
        *(Route(path, answering(name, page, paths), name=name) for name, (path, page) in PAGES.items()),
        Route("/download/{report}.{shape}", downloads.download, name="download"),
        Route("/release", watch.current, name="release"),
        Route("/healthz", watch.health, name="health"),
    ]
