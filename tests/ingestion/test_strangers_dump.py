"""The dump of a helpdesk in its own words: what is not understood is refused, or named in a warning.

300 tickets and 2,400 comments, once as the export format wants them, and then with one mistake each. A mistake that
would make a figure wrong is never accepted without a word that names it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingestion.ingest import SourceReport, ingest_sources
from ingestion.manifest_writer import UnfinishedError, write_manifest
from ingestion.settings import load_settings
from tests.drops import write_config

Table = list[dict[str, str]]
Dump = dict[str, Table]
START = datetime(2026, 1, 5, 8, tzinfo=UTC)
EXTRACTED_AT = datetime(2026, 2, 1, tzinfo=UTC)
TICKETS, COMMENTS_OF_EACH = 300, 8


def dump() -> Dump:
    """A right one: every ticket has an agent, a close and two tags; comments alternate between customer and agent."""
    tickets, comments = [], []
    for number in range(TICKETS):
        started = START + timedelta(hours=number)
        tickets.append(
            {
                "conversation_id": str(5000 + number),
                "started_at": started.isoformat(),
                "closed_at": (started + timedelta(hours=5)).isoformat(),
                "agent_id": f"{number % 7}",
                "contact_id": f"k{number % 90}",
                "tags": "refund;vip",
                "status": "closed",
            }
        )
        for nth in range(COMMENTS_OF_EACH):
            is_agents = nth % 2 == 1
            comments.append(
                {
                    "message_id": f"{number}-{nth}",
                    "conversation_id": str(5000 + number),
                    "sent_at": (started + timedelta(minutes=7 * nth)).isoformat(),
                    "direction": "outbound" if is_agents else "inbound",
                    "sender_type": "agent" if is_agents else "contact",
                    "agent_id": f"{number % 7}" if is_agents else "",
                }
            )
    return {"conversations": tickets, "messages": comments}


def deliver(folder: Path, tables: Dump, write: Callable[[str], bytes] = str.encode, delimiter: str = ",") -> None:
    folder.mkdir(parents=True)
    for name, rows in tables.items():
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
        (folder / f"{name}.csv").write_bytes(write(text.getvalue()))
    write_manifest(folder, EXTRACTED_AT)


def run(folder: Path) -> SourceReport:
    (report,) = ingest_sources(load_settings(write_config(folder)), lambda _: None)
    return report


def replaced(table: str, column: str, change: Callable[[str], str]) -> Callable[[Dump], None]:
    """The mistake of another spelling of the values of a column."""

    def mistake(tables: Dump) -> None:
        for row in tables[table]:
            row[column] = change(row[column])

    return mistake


def renamed(table: str, **names: str) -> Callable[[Dump], None]:
    """The mistake of other names of columns."""

    def mistake(tables: Dump) -> None:
        tables[table] = [{names.get(name, name): value for name, value in row.items()} for row in tables[table]]

    return mistake


def called(table: str, name: str) -> Callable[[Dump], None]:
    """The mistake of another name of a file."""

    def mistake(tables: Dump) -> None:
        tables[name] = tables.pop(table)

    return mistake


STAFF = {"agent": "staff", "contact": "customer"}
REFUSED = [
    pytest.param(replaced("messages", "sender_type", STAFF.__getitem__), "unknown sender_type: 'customer' (1,200)"),
    pytest.param(
        replaced("messages", "direction", {"inbound": "in", "outbound": "out"}.__getitem__), "direction: none of"
    ),
    pytest.param(replaced("messages", "conversation_id", lambda text: f"{text}.0"), "'5000.0', and a conversation is"),
    pytest.param(replaced("conversations", "conversation_id", lambda text: f"#{text}"), "is called '#5000'"),
    pytest.param(replaced("conversations", "started_at", lambda _: "31/12/2025 10:00"), "no instant' (wanted is 2026-"),
    pytest.param(
        replaced("conversations", "started_at", lambda text: text[:19]), "without an offset' (wanted is 2026-"
    ),
    pytest.param(replaced("messages", "sent_at", lambda text: text[:16]), "without an offset' (wanted is 2026-"),
    pytest.param(replaced("messages", "sent_at", lambda _: "1767600000000"), "sent_at: no instant"),
    pytest.param(replaced("conversations", "started_at", lambda _: "1970-01-01T00:00:00Z"), "the earliest"),
    pytest.param(replaced("conversations", "closed_at", lambda _: "9999-12-31T00:00:00Z"), "later than the extraction"),
    pytest.param(replaced("conversations", "closed_at", lambda _: "-"), "closed_at: no instant"),
    pytest.param(renamed("conversations", conversation_id="Ticket ID"), "'Ticket ID' seems to be conversation_id"),
    pytest.param(renamed("conversations", started_at="Started At"), "'Started At' seems to be started_at"),
    pytest.param(renamed("messages", sent_at="created_at"), "'created_at' seems to be sent_at"),
    pytest.param(called("conversations", "tickets"), "no conversation has been delivered"),
]
WARNED = [
    pytest.param(
        renamed("conversations", closed_at="closed", agent_id="assignee", tags="labels"),
        ["'closed'", "'closed_at' is missing", "'assignee'", "'agent_id' is missing", "'labels'", "'tags' is missing"],
    ),
    pytest.param(replaced("conversations", "tags", lambda text: text.replace(";", ", ")), ["tags with commas in it"]),
    pytest.param(replaced("messages", "agent_id", lambda _: ""), ["none of its outbound messages has an agent_id"]),
    pytest.param(renamed("messages", sender_type="author_kind"), ["'author_kind'", "'sender_type' is missing"]),
    pytest.param(
        renamed("messages", agent_id="Assignee"), ["'Assignee'", "'agent_id' is missing", "none of its outbound"]
    ),
    pytest.param(called("conversations", "tickets"), ["its manifest does not list tickets.csv"]),
]


def test_a_right_one_is_accepted_without_a_word(tmp_path: Path) -> None:
    deliver(tmp_path / "drop" / "b1", dump())
    report = run(tmp_path)
    assert (report.warnings, report.refusals) == ([], [])
    assert {entity: of.landed for entity, of in report.entries[0].counts.items()} == {
        "conversations": TICKETS,
        "messages": TICKETS * COMMENTS_OF_EACH,
    }


@pytest.mark.parametrize(("mistake", "words"), REFUSED)
def test_a_mistake_that_nothing_can_be_made_of_is_refused_with_words(
    tmp_path: Path, mistake: Callable[[Dump], None], words: str
) -> None:
    tables = dump()
    mistake(tables)
    deliver(tmp_path / "drop" / "b1", tables)
    report = run(tmp_path)
    assert report.having("accepted") == []
    assert words in "".join(report.refusals)


@pytest.mark.parametrize(("mistake", "words"), WARNED)
def test_a_mistake_that_leaves_figures_empty_is_named(
    tmp_path: Path, mistake: Callable[[Dump], None], words: list[str]
) -> None:
    tables = dump()
    mistake(tables)
    deliver(tmp_path / "drop" / "b1", tables)
    said = "\n".join(run(tmp_path).warnings)
    assert [one for one in words if one not in said] == []


@pytest.mark.parametrize(
    ("write", "delimiter", "words"),
    [
        (str.encode, ";", "separated by semicolons"),
        (str.encode, "\t", "separated by tabs"),
        (lambda text: text.encode("utf-16"), ",", "UTF-16"),
        (lambda text: text.replace("refund", "remboursé").encode("latin-1"), ",", "not UTF-8"),
    ],
)
def test_another_encoding_or_separator_is_refused_with_its_name(
    tmp_path: Path, write: Callable[[str], bytes], delimiter: str, words: str
) -> None:
    deliver(tmp_path / "drop" / "b1", dump(), write, delimiter)
    assert words in "".join(run(tmp_path).refusals)


def test_a_batch_without_a_manifest_is_named(tmp_path: Path) -> None:
    deliver(tmp_path / "drop" / "b1", dump())
    (tmp_path / "drop" / "b1" / "manifest.json").unlink()
    report = run(tmp_path)
    assert report.entries == []
    assert "has no manifest.json and is not read" in report.warnings[0]


def test_files_of_no_entity_alone_make_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(UnfinishedError, match="call it 'conversations…'"):
        deliver(tmp_path / "drop" / "b1", {"tickets": dump()["conversations"]})
