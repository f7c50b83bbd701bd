"""Reading releases: one published file, opened so that a reader stays in it, and what its filters can select.

Here: opening what the link names, the accounts, agents and values that filters offer, and the descriptions of columns.
Not here: the figures (``queries``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from ingestion.sql import sql_text
from reports.queries import NO_FILTER

REPORTING = "reporting"
"""The schema of the tables that the table macros read; older versions published none."""


class UnreadableError(Exception):
    """There is no release that could be read for this. The message says what to do."""


class OlderReleaseError(UnreadableError):
    """The release was published by an older version: its reports lack tables or filters."""


@dataclass(frozen=True)
class Account:
    """An account of a release. ``first_date`` to ``last_date``: its active local dates; None without any.

    ``data_through`` is its wall clock, None while a source has delivered nothing. ``week_starts_on``: 1 Monday to 7
    Sunday. Ratings go from ``rating_worst`` to ``rating_best``. ``timezone`` is an IANA name.
    """

    account_id: str
    first_date: date | None
    last_date: date | None
    data_through: datetime | None
    week_starts_on: int
    rating_worst: int
    rating_best: int
    timezone: str


@dataclass(frozen=True)
class Agent:
    """One to whom conversations are assigned. A filter takes ``agent_id`` or ``agent_email``."""

    source_system: str
    agent_id: str
    agent_name: str | None
    agent_email: str | None

    @property
    def key(self) -> str:
        """The better of the two for a filter: an e-mail address tells agents of two sources apart, an id may not."""
        return self.agent_email or self.agent_id

    @property
    def name(self) -> str:
        """How people know the agent."""
        return self.agent_name or self.key


def file_of_link(link: Path) -> Path:
    """The immutable file that the link names now. What belongs together is read from it, not through the link.

    Raises:
        UnreadableError: nothing is published yet.
    """
    try:
        return link.resolve(strict=True)
    except OSError:
        raise UnreadableError(f"{link}: nothing is published yet; run 'causerie run' first") from None


@contextmanager
def opened(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that can only read this file.

    Raises:
        UnreadableError: it is not a release, or one of an older version, whose table macros lack filters.
    """
    with connect(file) as connection:
        yield connection


def connect(
    file: Path, may_write: Path | None = None, limits: Mapping[str, str] | None = None
) -> duckdb.DuckDBPyConnection:
    """As :func:`opened`, closed by the caller. The rest as of :func:`connect_any`."""
    connection = connect_any(file, may_write, limits)
    has_all_filters = connection.execute(
        "select count(*) from duckdb_functions(), duckdb_columns() as columns"
        " where function_name = 'report_overview' and list_has_all(parameters, $1)"
        " and columns.schema_name = $2 and table_name = 'filter_values' and column_name = 'value'",
        [list(NO_FILTER), REPORTING],
    ).fetchone()
    if has_all_filters != (1,):
        connection.close()
        raise OlderReleaseError(
            f"{file}: was published by older software, whose reports lack filters; run 'causerie run"
            " --full-refresh' to publish again"
        )
    return connection


def connect_any(
    file: Path, may_write: Path | None = None, limits: Mapping[str, str] | None = None
) -> duckdb.DuckDBPyConnection:
    """A connection, in UTC, that can only read this file, a release of any version. Other threads may use its cursors.

    ``may_write``: the one file that ``copy`` may write. ``limits``: DuckDB's ``memory_limit`` and ``temp_directory``;
    without them it spills beside the release. All connections of a process to one file must have the same.

    Raises:
        UnreadableError: it is no DuckDB file, or one that this DuckDB cannot read.
    """
    config: dict[str, Any] = dict(limits or {})
    is_locked_at_once = not (config or may_write)  # nothing can be set afterwards
    try:
        connection = duckdb.connect(
            str(file), read_only=True, config={"enable_external_access": "false"} if is_locked_at_once else config
        )
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise UnreadableError(f"{file}: cannot be read as a release: {reason}") from None
    if may_write:
        connection.execute(f"set allowed_paths = [{sql_text(may_write)}]")
    if not is_locked_at_once:
        connection.execute("set enable_external_access = false")
    connection.execute("set global TimeZone = 'UTC'")  # of its cursors too
    return connection


def accounts(connection: duckdb.DuckDBPyConnection) -> list[Account]:
    """Those of the release, by id."""
    return [Account(*row) for row in _rows(connection, Account, "accounts", "true", "account_id")]


def agents(connection: duckdb.DuckDBPyConnection, account: str) -> list[Agent]:
    """The agents of an account, by name; those without a name last."""
    found = _rows(connection, Agent, "agents", "account_id = $account and agent_id is not null", "all", account=account)
    return sorted((Agent(*row) for row in found), key=lambda agent: (agent.agent_name is None, _folded(agent)))


def _folded(agent: Agent) -> tuple[str, str, str]:
    return (agent.agent_name or "").casefold(), agent.source_system, agent.agent_id


def _rows(
    connection: duckdb.DuckDBPyConnection, record: type, table: str, condition: str, order: str, **parameters: Any
) -> Sequence[tuple[Any, ...]]:
    columns = ", ".join(record.__dataclass_fields__)  # type: ignore[attr-defined]
    sql = f"select {columns} from {REPORTING}.{table} where {condition} order by {order}"
    return connection.execute(sql, parameters).fetchall()


def filter_values(connection: duckdb.DuckDBPyConnection) -> defaultdict[tuple[str, str], set[str]]:
    """What a filter may name, by account and filter."""
    found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for account, name, value in connection.execute(
        f"select account_id, parameter, value from {REPORTING}.filter_values"
    ).fetchall():
        found[account, name].add(value)
    return found


def about(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """What the release says about itself: the columns of its table ``release``."""
    answer = connection.execute("select * from release")
    row = answer.fetchone()
    return dict(zip((column for column, *_ in answer.description or ()), row or (), strict=True))


def descriptions(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """What each column of a published table means, as the documentation of the dbt models says."""
    return dict(
        connection.execute(
            "select column_name, coalesce(comment, '') from duckdb_columns()"
            " where schema_name = 'main' and table_name = $1 order by column_index",
            [table],
        ).fetchall()
    )
