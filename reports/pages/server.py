"""The server of the pages.

Here: listening, and the browser that is opened. Not here: the application (``app``), nor the command that starts it.
"""

from __future__ import annotations

import socket
import threading
import webbrowser
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from reports.pages.app import LOOPBACK, make_app


def hosts_of(host: str, public_hosts: Sequence[str] = ()) -> list[str]:
    """The names that a server answers to.

    One that only this machine can reach has its own names and those of its reverse proxy: otherwise a page of another
    host could make a browser read it under a name of that host. Others answer to any, unless names are given.
    """
    if host in LOOPBACK:
        return [*LOOPBACK, *public_hosts]
    return list(public_hosts) or ["*"]


def serve(
    link: Path,
    host: str,
    port: int,
    base_path: str = "",
    public_hosts: Sequence[str] = (),
    account_header: str | None = None,
    opens_browser: bool = False,
) -> None:
    """Serve the pages of what the link names, until it is stopped.

    Raises:
        OSError: nothing can listen there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=128) as listener:  # before anything else is made
        app = make_app(link, base_path, hosts_of(host, public_hosts), account_header)
        if opens_browser:
            seen = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::") else host
            timer = threading.Timer(0.5, webbrowser.open, [f"http://{seen}:{port}{app.state.base}/"])
            timer.daemon = True
            timer.start()
        # Headers of a proxy change nothing: no page says who asks or how, and the accounts have a header of their own.
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            ws="none",
        )
        uvicorn.Server(config).run([listener])
