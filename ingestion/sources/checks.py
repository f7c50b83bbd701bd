"""What a system answers when it is asked for one page of each list: what is there, and what is missing.

Here: the words, the same for every system that is asked over HTTP. Not here: what is asked for (the module of each
kind), and the command (``orchestration``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from ingestion.http.client import Client
from ingestion.http.policy import Denied, GivenUp, NotThere, RemoteError
from ingestion.settings import SettingsError
from ingestion.source_kinds import entities_of
from ingestion.source_settings import RemoteSource
from ingestion.sources import Finding, live

Records = Sequence[Mapping[str, Any]]
_Source = TypeVar("_Source", bound=RemoteSource)


def check(
    source: _Source, header: live.TokenHeader, ask: Callable[[_Source, Client], Iterator[Finding]]
) -> Iterator[Finding]:
    """What ``ask`` finds; what ends it, as a finding about the access to the system."""
    try:
        with live.client_of(source, header) as client:
            yield from ask(source, client)
    except (SettingsError, RemoteError, ValueError) as error:
        # every further request would fail in the same way
        yield Finding("access", False, str(error))


def access(source: RemoteSource, kind: str, rows: Records) -> Iterator[Finding]:
    """The access by address and token. ``rows``: those of the one list that always exists."""
    yield Finding("access", True, f"{source.base_url}, with the token in {source.token_env}")
    yield _found("conversations", kind, rows)


def asked(
    entity: str,
    ask: Callable[[], Records],
    kind: str | None,
    *,
    without: tuple[type[RemoteError], ...] = (),
    found: list[Mapping[str, Any]] | None = None,
    remedy: str = "",
) -> Iterator[Finding]:
    """The first page of a list, and the required values that its records lack.

    ``without``: errors after which a reading can do without the list.

    Raises:
        GivenUp: the client has given up.
    """
    suffix = f"; {remedy}" if remedy else ""
    try:
        records = ask()
    except Denied as error:
        words = f"the token has no right to read them: {error}{suffix}"
        yield Finding(entity, False, words, not isinstance(error, without))
    except NotThere as error:
        words = f"it does not exist; maybe another version, or a wrong address: {error}{suffix}"
        yield Finding(entity, False, words, not isinstance(error, without))
    except GivenUp:
        raise
    except (RemoteError, ValueError) as error:
        yield Finding(entity, False, f"{error}{suffix}")
    else:
        if found is not None:
            found += records
        yield _found(entity, kind, records)


def _found(entity: str, kind: str | None, records: Records) -> Finding:
    lacking = _lacking(entity, kind, records) if kind else []
    if lacking:
        return Finding(entity, False, f"records without {', '.join(lacking)}: another version of the interface")
    return Finding(entity, True, f"{len(records):,} on the first page")


def _lacking(entity: str, kind: str, records: Records) -> list[str]:
    """The required values that no record of a page has."""
    lacking = []
    for column in entities_of(kind)[entity].columns:
        name = (column.path or column.name).split("|")[0].split(".")[0]
        if column.required and records and not any(name in record for record in records):
            lacking.append(f"'{name}'")
    return lacking
