"""The application: routes, static files, and what holds for every answer.

Here: its parts and its headers. Not here: listening (``server``).
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from reports.pages.releases import Releases
from reports.pages.rendering import STATIC
from reports.pages.routes import PAGES, routes

HEADERS = {
    # Scripts and styles come from files of this server only; no text on a page can be one. Nothing is fetched from
    # another host, no form is sent to one, and no other site frames a page to make its readers click on it.
    "content-security-policy": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'self'",
    "x-frame-options": "SAMEORIGIN",
    "x-content-type-options": "nosniff",
    # No other host learns an address, which shows what somebody looks for.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
"""Of every answer."""
KEEP = "public, max-age=31536000, immutable"
"""Of static files: their addresses change with them."""
ASK_AGAIN = "private, no-cache"
"""Of all others: a browser may keep one, and asks whether it is still so."""
LOOPBACK = ("127.0.0.1", "::1", "[::1]", "localhost")


def make_app(
    link: Path, base_path: str = "", hosts: Sequence[str] = ("*",), account_header: str | None = None
) -> Starlette:
    """The application for what the link names. It answers to these hosts only; ``*`` is any."""
    base = "/" + base_path.strip("/") if base_path.strip("/") else ""
    inner = [*routes(), Mount("/static", StaticFiles(directory=STATIC), name="static")]
    app = Starlette(
        routes=[Mount(base, routes=inner)] if base else inner,
        middleware=[
            Middleware(Guarded),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
            Middleware(GZipMiddleware, minimum_size=1000),
        ],
    )
    app.state.releases, app.state.base, app.state.account_header = Releases(link), base, account_header
    app.state.paths = {name: base + path for name, (path, _) in PAGES.items()}
    return app


class Guarded:
    """An application whose answers carry the headers that say what a browser must not do."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer, with these headers."""

        async def send_guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                is_static = "/static/" in scope["path"] and message["status"] in (200, 304)
                for name, value in (HEADERS | {"cache-control": KEEP if is_static else ASK_AGAIN}).items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_guarded)
