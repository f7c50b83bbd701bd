"""`causerie report`: a report for any filter, on the terminal or as a file.

Here: its options. Not here: reports and files (``reports``), and how a terminal shows them
(``orchestration.cli.report_table``).
"""

from __future__ import annotations

import errno
import sys
import tempfile
from contextlib import nullcontext
from datetime import date, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from orchestration.cli.commands.common import REFUSED, WRONG, config_option, read_settings, say, stop
from reports.queries import GRAINS, HOURS, REPORTS

if TYPE_CHECKING:
    from reports.downloads import Result
    from reports.request import ReportRequest

FORMATS = ("table", "csv", "json", "parquet", "xlsx")
BINARY = ("parquet", "xlsx")
UNWRITABLE = (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG)


class Day(click.ParamType[date]):
    """A date as 2026-08-31."""

    name = "day"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The date, or wrong usage."""
        try:
            return datetime.strptime(str(value), "%Y-%m-%d").date()
        except ValueError:
            self.fail(f"'{value}' is not a date; write it as 2026-08-31", param, ctx)


@click.command()
@config_option
@click.argument("name", metavar="REPORT", type=click.Choice(list(REPORTS)))
@click.option("--account", "accounts", multiple=True, help="Report on this account; repeatable. By default on all.")
@click.option("--from", "first_day", type=Day(), help="First day, included; by default the account's first active day.")
@click.option("--to", "last_day", type=Day(), help="Last day, included; by default the account's last active day.")
@click.option("--grain", type=click.Choice(GRAINS), help="Period of each row, day by default; period: the whole range.")
@click.option("--agent", "agents", multiple=True, help="Only conversations assigned to this agent (id or e-mail).")
@click.option("--contact-tag", "contact_tags", multiple=True, help="Only conversations whose contact has this tag.")
@click.option("--conversation-tag", "conversation_tags", multiple=True, help="Only conversations with this tag.")
@click.option("--working-hours", type=click.Choice(list(HOURS)), default="all", help="When conversations started.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(FORMATS),
    help="By default the format that the ending of --out names, otherwise table. Spreadsheets run csv text that begins"
    " with = + - @ as a formula; use xlsx for them, in which text stays text.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file, all or nothing.")
@click.option("--release", "wanted", default="current", show_default=True, help="Id of a kept release, or previous.")
def report(
    config: Path,
    name: str,
    accounts: tuple[str, ...],
    first_day: date | None,
    last_day: date | None,
    grain: str | None,
    agents: tuple[str, ...],
    contact_tags: tuple[str, ...],
    conversation_tags: tuple[str, ...],
    working_hours: str,
    file_format: str | None,
    out: Path | None,
    wanted: str,
) -> None:
    """Show a report for any filter: overview, by-agent, by-tag, details, traffic or compare.

    Different filters are combined with AND: a conversation must match every one of --agent, --contact-tag,
    --conversation-tag and --working-hours that is given. Each of the first three may be repeated, and then one of its
    values is enough: --agent ana --agent ben --contact-tag vip selects conversations assigned to ana or ben whose
    contact has the tag vip.

    Files hold the values as they are in the release, in any number of rows: csv (RFC 4180, UTF-8, NULL empty, lists as
    JSON), json (one array), parquet (with the types of the release), xlsx (times in UTC).

    Exit status: 0 whether there are rows or not; 1 nothing is published yet, or the file cannot be written completely;
    2 wrong configuration or usage, or a name that the release does not know.
    """
    shape = _format(file_format, out)
    settings = read_settings(config)

    from ingestion.shown import visible
    from orchestration.home import Home
    from orchestration.releases import catalog
    from reports.published import UnreadableError
    from reports.queries import FilterError
    from reports.request import ReportRequest

    home = Home(settings.home)
    if not catalog.kept(home):
        stop(f"{home.current_file}: nothing is published yet; run 'causerie run' first", REFUSED)
    request = ReportRequest(
        *(accounts, first_day, last_day, grain),
        agents=agents,
        conversation_tags=conversation_tags,
        contact_tags=contact_tags,
        working_hours=working_hours,
    )
    try:
        file = catalog.file_of(home, catalog.find(home, wanted))
        with tempfile.TemporaryDirectory(prefix="causerie-report-") as spill:
            limits = {"memory_limit": settings.resources.memory_limit, "temp_directory": spill}
            _write_report(file, name, request, shape, out, limits)
    except FilterError as error:
        stop(visible(str(error)), WRONG)  # it lists names of the release
    except catalog.UnknownReleaseError as error:
        stop(str(error), WRONG)
    except UnreadableError as error:
        stop(str(error), REFUSED)


def _format(given: str | None, out: Path | None) -> str:
    """The format that is given, or the one that the ending of the file names."""
    ending = out.suffix.lower().removeprefix(".") if out else ""
    if given is None and out and ending not in FORMATS[1:]:
        stop(f"--out: {out}: its ending does not name a format; add --format {'|'.join(FORMATS)}", WRONG)
    shape = given or ending or "table"
    if shape in BINARY and out is None:
        stop(f"--format {shape}: cannot be shown on a terminal; name a file with --out", WRONG)
    if out and out.exists() and not out.is_file():
        stop(f"--out: {out}: is not a regular file; leave --out out to write to standard output", WRONG)
    return shape


def _write_report(
    file: Path, name: str, request: ReportRequest, shape: str, out: Path | None, limits: dict[str, str]
) -> None:
    """Run the report and write it; what goes wrong with the file ends the command."""
    import duckdb

    from ingestion.machine import full_disk
    from ingestion.sql import first_line
    from reports import published
    from reports.downloads import Result, unfinished, whole_file
    from reports.request import filters_of

    report = REPORTS[name]
    out = out.resolve() if out else None
    may_write = unfinished(out) if out and shape == "parquet" else None
    with published.connect(file, may_write, limits) as connection:
        result = Result(connection, report, filters_of(connection, report, request))
        try:
            with whole_file(out) if out else nullcontext() as path:
                _write(result, shape, path)
        except (OSError, duckdb.Error) as error:
            if out is None:
                raise
            if isinstance(error, OSError) and error.errno in UNWRITABLE:
                stop(f"--out: {out}: {error.strerror}; name a file that can be written", WRONG)
            remedy = full_disk(out.parent, str(error)) or first_line(error)
            stop(f"{remedy}; {out} is unchanged", REFUSED)
        if out:
            say(f"{out}", err=True)


def _write(result: Result, shape: str, path: Path | None) -> None:
    from reports import published
    from reports.downloads import write_parquet
    from reports.request import in_words
    from reports.workbooks import write_workbook

    if shape == "parquet" and path:
        write_parquet(result, path)
        return
    if shape == "xlsx" and path:
        about = published.about(result.connection)
        release = [
            (name.replace("_", " "), str(about[name])) for name in ("release_id", "published_at", "data_through")
        ]
        write_workbook(result, [*release, *in_words(result.report, result.filters)], path)
        return
    if path:
        with path.open("w", encoding="utf-8", newline="") as file:
            _write_text(result, shape, file)
    else:
        sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
        _write_text(result, shape, sys.stdout)


def _write_text(result: Result, shape: str, file: IO[str]) -> None:
    from orchestration.cli.report_table import write_table
    from orchestration.cli.terminal import Visible
    from reports.downloads import write_csv, write_json

    if shape == "table":
        write_table(result, file)
    else:
        write = write_csv if shape == "csv" else write_json
        write(result, Visible(file) if file.isatty() else file)
