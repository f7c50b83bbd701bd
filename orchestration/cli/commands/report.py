"""`causerie report`: a report for any filter, on the terminal or as a file.

Here: its options. Not here: reports and files (``reports``), how a terminal shows them
(``orchestration.cli.report_table``), and what goes wrong with a file (``files``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestration.cli.commands import files
from orchestration.cli.commands.common import REFUSED, WRONG, config_option, read_settings, stop
from reports.queries import ALL_GRAINS, REPORTS, WORDS, Selection

if TYPE_CHECKING:
    from reports.downloads import Result

FORMATS = (*files.FORMATS, "xlsx")


class Day(click.ParamType[date]):
    """A date as 2026-08-31."""

    name = "day"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The date, or wrong usage."""
        try:
            return datetime.strptime(str(value), "%Y-%m-%d").date()
        except ValueError:
            self.fail(f"'{value}' is not a date; write it as 2026-08-31", param, ctx)


def filter_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each filter."""
    for one in reversed(fields(Selection)):
        how: dict[str, Any] = {"multiple": True}
        if one.name in WORDS:
            how = {"type": click.Choice(list(WORDS[one.name])), "default": "all"}
        command = click.option(one.metadata["option"], one.name, help=one.metadata["help"], **how)(command)
    return command


@click.command(epilog=f"REPORT is one of {', '.join(REPORTS)}.")
@config_option
@click.argument("name", metavar="REPORT", type=click.Choice(list(REPORTS)))
@click.option("--account", "accounts", multiple=True, help="Report on this account; repeatable. By default on all.")
@click.option("--from", "first_day", type=Day(), help="First day, included; by default the account's first active day.")
@click.option("--to", "last_day", type=Day(), help="Last day, included; by default the account's last active day.")
@click.option(
    "--grain",
    type=click.Choice(ALL_GRAINS),
    help="Period of each row, day by default; period: the whole range; hour: of the backlog.",
)
@filter_options
@click.option(
    "--format",
    "file_format",
    type=click.Choice(FORMATS),
    help="By default the format that the ending of --out names, otherwise table. Spreadsheets run csv text that begins"
    " with = + - @ as a formula; use xlsx for them, in which text stays text.",
)
@files.out_option
@click.option("--release", "wanted", default="current", show_default=True, help="Id of a kept release, or previous.")
def report(
    config: Path,
    name: str,
    accounts: tuple[str, ...],
    first_day: date | None,
    last_day: date | None,
    grain: str | None,
    file_format: str | None,
    out: Path | None,
    wanted: str,
    **filters: Any,
) -> None:
    """Show a report for any filter.

    Different filters are combined with AND: a conversation must match every one that is given. A filter that says "Only
    conversations …" may be repeated, and then one of its values is enough: --agent ana --agent ben --contact-tag vip
    selects conversations assigned to ana or ben whose contact has the tag vip.

    Files hold the values as they are in the release, in any number of rows: csv (RFC 4180, UTF-8, NULL empty, lists as
    JSON), json (one array), parquet (with the types of the release), xlsx (times in UTC).

    Exit status: 0 whether there are rows or not; 1 nothing is published yet, or the file cannot be written completely;
    2 wrong configuration or usage, or a name that the release does not know.
    """
    shape = files.format_of(file_format, out, FORMATS)
    settings = read_settings(config)

    from ingestion.shown import visible
    from orchestration.home import Home
    from orchestration.releases import catalog
    from reports import published
    from reports.downloads import Result
    from reports.queries import FilterError
    from reports.request import ReportRequest, filters_of

    home = Home(settings.home)
    if not catalog.kept(home):
        stop(f"{home.current_file}: nothing is published yet; run 'causerie run' first", REFUSED)
    request = ReportRequest(accounts, first_day, last_day, grain, **filters)
    try:
        file = catalog.file_of(home, catalog.find(home, wanted))
        with files.reading(published.connect, file, settings, shape, out) as connection:
            result = Result(connection, REPORTS[name], filters_of(connection, REPORTS[name], request))
            with files.whole(out) as path:
                _write(result, shape, path)
    except FilterError as error:
        stop(visible(str(error)), WRONG)  # it lists names of the release
    except catalog.UnknownReleaseError as error:
        stop(str(error), WRONG)
    except published.UnreadableError as error:
        stop(str(error), REFUSED)


def _write(result: Result, shape: str, path: Path | None) -> None:
    from orchestration.cli.report_table import write_table
    from reports import published
    from reports.request import in_words
    from reports.workbooks import write_workbook

    if shape == "xlsx" and path:
        about = published.about(result.connection)
        release = [
            (name.replace("_", " "), str(about[name])) for name in ("release_id", "published_at", "data_through")
        ]
        write_workbook(result, [*release, *in_words(result.report, result.filters)], path)
    else:
        files.write(result, shape, path, lambda file: write_table(result, file))
