"""A session with the PostgreSQL of a target, and what goes wrong there in words.

Here: connecting, one publisher at a time, errors and their remedies. Not here: any table or view (``load``, ``views``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ingestion.settings import SettingsError, secret
from ingestion.sql import sql_text
from ingestion.target_settings import PostgresTarget

if TYPE_CHECKING:
    import psycopg

    Session = psycopg.Connection[tuple[Any, ...]]

_UNLESS_THE_DSN_SAYS = {
    "application_name": "causerie",
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""So that a server that has vanished ends a publication within a minute or two."""
_SETTINGS = {
    "client_encoding": "UTF8",
    "standard_conforming_strings": "on",
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "extra_float_digits": "1",
    "search_path": "",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
"""What our SQL relies on; an administrator may have set all of it otherwise for the role or the database."""
_OTHER_PUBLISHER_SECONDS = 30
"""A session outlives a publisher that was killed until the server notices."""


class TargetError(Exception):
    """A release is not shown where it should be. The message says why, and what to do."""


@contextmanager
def session(target: PostgresTarget) -> Iterator[Session]:
    """A session that is the only publisher into the schema of a target; each statement is a transaction of its own.

    Raises:
        TargetError: whatever goes wrong, also in what is done with the session.
    """
    try:
        import psycopg
    except ImportError:
        raise TargetError("psycopg is not installed: install causerie with its extra 'postgres'") from None
    try:
        with _connected(target) as opened:
            opened.execute("; ".join(f"set {name} = {sql_text(value)}" for name, value in _SETTINGS.items()))
            if opened.info.parameter_status("server_encoding") != "UTF8":
                raise TargetError("the database is not encoded in UTF8: make one with encoding 'UTF8', and name that")
            _be_alone(opened, target)
            yield opened
    except psycopg.Error as error:
        raise TargetError(_in_words(error, target)) from None


def _connected(target: PostgresTarget) -> Session:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        dsn = secret(target.dsn_env, "the connection string of a PostgreSQL", may_have=" '")
        options: dict[str, Any] = _UNLESS_THE_DSN_SAYS | conninfo_to_dict(dsn)
        if "://" in dsn and "@" in f"{options.get('host')}{options.get('dbname')}":
            raise psycopg.ProgrammingError("the rest of a password with a bare @ or /, which messages would show")
    except SettingsError as error:
        raise TargetError(str(error)) from None
    except psycopg.ProgrammingError:  # which shows a part of it
        raise TargetError(
            f"the environment variable {target.dsn_env} is no connection string; write it as"
            " postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with special characters of the password as %XX"
        ) from None
    return psycopg.connect(**options, autocommit=True, prepare_threshold=None)


def lock_of(target: PostgresTarget) -> int:
    """The number of the lock that one publisher into a schema holds."""
    return int.from_bytes(sha256(f"causerie {target.views_in}".encode()).digest()[:8], signed=True)


def _be_alone(opened: Session, target: PostgresTarget) -> None:
    import psycopg

    try:
        with opened.transaction():
            opened.execute(f"set local lock_timeout = '{_OTHER_PUBLISHER_SECONDS}s'")
            opened.execute("select pg_advisory_lock(%s)", [lock_of(target)])
    except psycopg.errors.LockNotAvailable:
        raise TargetError(f"another publication is at work in the schema {target.views_in}") from None


def _in_words(error: psycopg.Error, target: PostgresTarget) -> str:
    """What the server or the driver said, in a line, with the remedy where it is not in the words."""
    from psycopg import errors

    said = " ".join(filter(None, [error.diag.message_primary, error.diag.message_detail])) or str(error)
    said = " ".join(said.split())
    if isinstance(error, errors.InsufficientPrivilege):
        return (
            f"{said}; the user of {target.dsn_env} needs: grant create on database ... to it, and to own the schema"
            f" {target.views_in} and what causerie made there"
        )
    if isinstance(error, errors.DiskFull):
        return f"{said}; the disk of the server is full: make room there, or keep fewer releases (releases.keep)"
    if isinstance(error, errors.DependentObjectsStillExist):
        return f"{said}; drop that, or make it read the views of {target.views_in} without what changes"
    if isinstance(error, errors.OperationalError) and error.sqlstate is None:
        return f"{said}; see to the server, and to what {target.dsn_env} says"
    return said
