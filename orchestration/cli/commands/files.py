"""What `report` and `query` share: the format of their rows, and the file of ``--out``.

Here: options, and what goes wrong with a file. Not here: the formats (``reports.downloads``, ``reports.workbooks``),
and tables on a terminal.
"""

from __future__ import annotations

import errno
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from orchestration.cli import ending
from orchestration.cli.commands.common import REFUSED, WRONG, say, stop

if TYPE_CHECKING:
    import duckdb

    from ingestion.settings import Settings
    from reports.downloads import Rows

FORMATS = ("table", "csv", "json", "parquet")
BINARY = ("parquet", "xlsx")
UNWRITABLE = (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG)

out_option = click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file, all or nothing."
)


def format_of(given: str | None, out: Path | None, formats: Sequence[str]) -> str:
    """The format that is given, or the one that the ending of the file names."""
    ending = out.suffix.lower().removeprefix(".") if out else ""
    if given is None and out and ending not in formats[1:]:
        stop(f"--out: {out}: its ending does not name a format; add --format {'|'.join(formats)}", WRONG)
    shape = given or ending or "table"
    if shape in BINARY and out is None:
        stop(f"--format {shape}: cannot be shown on a terminal; name a file with --out", WRONG)
    if out and out.exists() and not out.is_file():
        stop(f"--out: {out}: is not a regular file; leave --out out to write to standard output", WRONG)
    return shape


@contextmanager
def reading(
    connect: Callable[..., duckdb.DuckDBPyConnection], file: Path, settings: Settings, shape: str, out: Path | None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a release within the limits of the settings, which may write the file of ``--out``, if any."""
    from reports.downloads import unfinished

    may_write = unfinished(out.resolve()) if out and shape == "parquet" else None
    with tempfile.TemporaryDirectory(prefix="causerie-") as spill:
        limits = {"memory_limit": settings.resources.memory_limit, "temp_directory": spill}
        connection = connect(file, may_write, limits)
        try:
            yield connection
        finally:
            if not ending.is_stopped():  # it would wait for the statement, and the folder would stay
                connection.close()


@contextmanager
def whole(out: Path | None) -> Iterator[Path | None]:
    """Where to write what appears under the name of ``--out`` when it is complete; a failure ends the command."""
    import duckdb

    from ingestion.machine import full_disk
    from ingestion.sql import first_line
    from reports.downloads import whole_file

    out = out.resolve() if out else None
    try:
        with whole_file(out) if out else nullcontext() as path:
            yield path
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        if out is None:
            stop(str(error), REFUSED)
        if isinstance(error, OSError) and error.errno in UNWRITABLE:
            stop(f"--out: {out}: {error.strerror}; name a file that can be written", WRONG)
        remedy = full_disk(out.parent, str(error)) or first_line(error)
        stop(f"{remedy}; {out} is unchanged", REFUSED)
    if out:
        say(f"{out}", err=True)


def write(rows: Rows, shape: str, path: Path | None, write_table: Callable[[IO[str]], None]) -> None:
    """Write rows in a format to a file, or to standard output; ``write_table``: as a table."""
    from reports import downloads

    if shape == "parquet" and path:
        downloads.write_parquet(rows, path)
    elif path:
        with path.open("w", encoding="utf-8", newline="") as file:
            _write_text(rows, shape, file, write_table)
    else:
        sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
        _write_text(rows, shape, sys.stdout, write_table)


def _write_text(rows: Rows, shape: str, file: IO[str], write_table: Callable[[IO[str]], None]) -> None:
    from orchestration.cli.terminal import Visible
    from reports import downloads

    if shape == "table":
        write_table(file)
    else:
        write = downloads.write_csv if shape == "csv" else downloads.write_json
        write(rows, Visible(file) if file.isatty() else file)
