"""`causerie serve`: the report pages.

Here: its options. Not here: the pages (``reports.pages``).
"""

from __future__ import annotations

from pathlib import Path

import click

from orchestration.cli import ending
from orchestration.cli.commands.common import WRONG, config_option, read_settings, say, stop


@click.command()
@config_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Port to listen on.")
@click.option("--base-path", default="", help="Path under which a reverse proxy serves the pages, such as /reports.")
@click.option(
    "--public-host",
    "public_hosts",
    multiple=True,
    help="Host name under which a reverse proxy serves the pages, such as reports.example.org; repeatable.",
)
@click.option(
    "--account-header",
    help="Header in which a reverse proxy names the accounts that a user may see, such as X-Causerie-Account.",
)
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
def serve(
    config: Path,
    host: str,
    port: int,
    base_path: str,
    public_hosts: tuple[str, ...],
    account_header: str | None,
    no_browser: bool,
) -> None:
    """Serve the reports as web pages, always from the current release, until stopped.

    The pages have no login of their own. Give other hosts access through a reverse proxy that has one: see
    docs/pages.md.
    """
    settings = read_settings(config)

    from orchestration.home import Home
    from reports.pages import server

    shown = f"[{host}]" if ":" in host else host
    ending.go_on_without_output()
    ending.end_at_once()
    say(f"http://{shown}:{port}/{base_path.strip('/')}  (Ctrl+C stops)")
    try:
        server.serve(
            Home(settings.home).current_file, host, port, base_path, public_hosts, account_header, not no_browser
        )
    except OSError as error:
        stop(f"{host}, port {port}: {error.strerror}; choose others with --host and --port", WRONG)
