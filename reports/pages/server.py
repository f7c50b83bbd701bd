"""The server of the pages: Streamlit, with what it must and must not do here.

Here: its options and headers. Not here: the application (``main``), nor the command that starts it.
"""

from __future__ import annotations

import sys
import threading
import webbrowser
from collections.abc import AsyncIterator, Callable, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

APP = Path(__file__).with_name("app.py")

COLOURS = {
    "light": {"primaryColor": "#0b6e69", "backgroundColor": "#ffffff", "secondaryBackgroundColor": "#f3f6f6"},
    "dark": {"primaryColor": "#4fc3b8", "backgroundColor": "#111718", "secondaryBackgroundColor": "#1b2425"},
}
CATEGORIES = {
    "light": ["#0b6e69", "#e08a1e", "#4a6fd4", "#a3507f", "#6b7a8f", "#7a9a2e"],
    "dark": ["#4fc3b8", "#f2b155", "#8aa8f5", "#dc8fb8", "#a9b6c6", "#b5d063"],
}
"""Of series in charts, in this order: distinct also for the colour-blind, with enough contrast on each background."""


HEADERS = (
    # No other site can frame a page to make its readers click on it. No page fetches from another host, whatever a text
    # on it says. No other host learns an address, which shows what somebody looks for.
    (
        b"content-security-policy",
        b"frame-ancestors 'self'; img-src 'self' data: blob:; media-src 'self' data: blob:; object-src 'none'",
    ),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)
"""Of every response."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def options(
    host: str, port: int, base_path: str = "", public_hosts: Sequence[str] = (), opens_browser: bool = False
) -> dict[str, Any]:
    """Streamlit's options. They override any configuration file and environment variable.

    The server asks no other host, watches no files, accepts no uploads and shows no developer tools; errors go to the
    log, not to the browser. A server that only this machine can reach answers only to its own names and to
    ``public_hosts``, the names of a reverse proxy: otherwise a page of another host could make a browser read it under
    a name of that host.
    """
    found: dict[str, Any] = {
        "server.address": host,
        "server.port": port,
        "server.baseUrlPath": base_path.strip("/"),
        "server.allowedHosts": [*LOOPBACK, *public_hosts] if host in LOOPBACK else list(public_hosts),
        "server.headless": not opens_browser,
        "server.fileWatcherType": "none",
        "server.runOnSave": False,
        "server.enableStaticServing": False,
        "server.enableAgentApi": False,
        "server.maxUploadSize": 1,
        "server.showEmailPrompt": False,
        "browser.gatherUsageStats": False,
        "browser.serverAddress": "localhost" if host in ("127.0.0.1", "0.0.0.0", "::") else host,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "client.allowedOrigins": [],
        "global.developmentMode": False,
        "runner.magicEnabled": False,
        "logger.hideWelcomeMessage": True,
        "theme.baseRadius": "0.5rem",
        "theme.showWidgetBorder": True,
        "theme.headingFontSizes": ["2rem", "1.4rem", "1.05rem", "1rem", "1rem", "1rem"],
        "theme.headingFontWeights": [700, 650, 600, 600, 600, 600],
    }
    for shade in ("light", "dark"):
        found |= {f"theme.{shade}.{name}": colour for name, colour in COLOURS[shade].items()}
        found[f"theme.{shade}.chartCategoricalColors"] = CATEGORIES[shade]
    return found


def serve(
    link: Path,
    host: str,
    port: int,
    base_path: str = "",
    public_hosts: Sequence[str] = (),
    opens_browser: bool = False,
) -> None:
    """Serve the pages of what the link names, until it is stopped.

    Raises:
        OSError: nothing can listen there.
    """
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))

    from starlette.middleware import Middleware
    from streamlit.starlette import App

    from ingestion.settings import is_plain

    if not is_plain():
        ask_no_host_for_our_address()
    config = options(host, port, base_path, public_hosts, opens_browser)
    sys.argv = [str(APP), str(link)]
    opening = _opening(f"http://{config['browser.serverAddress']}:{port}/{config['server.baseUrlPath']}")
    App(APP, middleware=[Middleware(Guarded)], lifespan=opening if opens_browser else None).run(config=config)


def ask_no_host_for_our_address() -> None:
    """Keep Streamlit from asking a public service for the address of this machine when it judges a foreign origin."""
    from streamlit import net_util

    net_util._external_ip = ""


class Guarded:
    """An application whose responses carry the headers that say what a browser must not do."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Result, with these headers."""

        async def send_guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        await self._app(scope, receive, send_guarded)


def _opening(address: str) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """Opens a browser when the server is about to listen."""

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        timer = threading.Timer(1, webbrowser.open, [address])
        timer.daemon = True
        timer.start()
        yield

    return lifespan
