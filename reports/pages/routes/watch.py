"""What a page asks while it is open: which release is the current one.

Here: that, and whether the server answers. Not here: pages.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse


def current(request: Request) -> JSONResponse:
    """The id of the current release; null while nothing is published."""
    return JSONResponse({"release": request.app.state.releases.current_id()}, headers={"cache-control": "no-store"})


def health(_: Request) -> PlainTextResponse:
    """The server answers."""
    return PlainTextResponse("ok", headers={"cache-control": "no-store"})
