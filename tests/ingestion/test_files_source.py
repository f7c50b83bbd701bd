"""The ``files`` source: files of another system, read by a mapping, give the records that Python reads in them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import random
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from openpyxl import Workbook

from ingestion import zones
from ingestion.accepted import accepted_batches
from ingestion.export_format import ENTITIES
from ingestion.ingest import SourceReport, ingest_sources
from ingestion.raw.segments import records
from ingestion.settings import SettingsError, load_settings
from ingestion.storage.delivered import Delivered
from tests.drops import toml, write_config

pytestmark = pytest.mark.builds
ACCOUNT = {"id": "acme", "timezone": "Europe/Paris"}
LATER = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY_FIRST = "%d/%m/%Y %H:%M"
TICKETS = {
    "files": "tickets*",
    "columns": {"conversation_id": "Ticket ID", "contact_id": "Requester", "agent_id": "Assignee"},
    "started_at": {"column": "Created", "format": DAY_FIRST, "timezone": "Europe/Paris"},
    "closed_at": {"column": "Solved", "format": DAY_FIRST, "timezone": "Europe/Paris", "missing": ["-"]},
    "status": {"column": "Status", "values": {"Solved": "closed", "Pending": "in_progress"}},
    "tags": {"column": "Labels", "separator": ","},
}
HEADER = ["Ticket ID", "Requester", "Assignee", "Created", "Solved", "Status", "Labels", "Subject"]
ROWS = [
    ["1", "k1", "ana", "02/11/2026 09:00", "02/11/2026 10:30", "Solved", "refund, vip", 'été, "quoted"'],
    ["2", "k2", "", "03/11/2026 23:59", "-", "PENDING ", "", "line one\nline two"],
    ["3.0", "k1", "bo", " 04/11/2026 00:00 ", "", "new", "a", ""],
]
EXPECTED = [
    ("1", "k1", "ana", datetime(2026, 11, 2, 8), datetime(2026, 11, 2, 9, 30), "closed", ["refund", "vip"]),
    ("2", "k2", None, datetime(2026, 11, 3, 22, 59), None, "in_progress", None),
    ("3", "k1", "bo", datetime(2026, 11, 3, 23), None, "new", ["a"]),
]
READ = "conversation_id, contact_id, agent_id, started_at::timestamp, closed_at::timestamp, status, tags"


class Helpdesk:
    """A folder of files, a configuration that reads it, and its home."""

    def __init__(self, folder: Path, mapped: dict[str, Any], **source: Any) -> None:
        self.folder, self.dumps = folder, folder / "dumps"
        self.dumps.mkdir()
        self.configure(mapped, **source)

    def configure(self, mapped: dict[str, Any], quality: str = "", **source: Any) -> None:
        of = {"name": "desk", "kind": "files", "account": "acme", "path": "dumps", **source, **mapped}
        self.config = write_config(self.folder, accounts=[ACCOUNT], sources=[of], extra=quality)

    def deliver(self, name: str, content: bytes, at: datetime = LATER) -> None:
        (self.dumps / name).write_bytes(content)
        os.utime(self.dumps / name, (at.timestamp(), at.timestamp()))

    def ingest(self) -> SourceReport:
        (report,) = ingest_sources(load_settings(self.config), lambda _: None)
        return report

    def ingest_well(self) -> SourceReport:
        report = self.ingest()
        assert report.refusals == []
        return report

    def raw(self, entity: str, columns: str) -> list[tuple[Any, ...]]:
        """All records, in the order of batches, files and lines."""
        rows = records(accepted_batches(load_settings(self.config))[1], ENTITIES[entity])
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            return connection.execute(
                f"select {columns} from ({rows}) order by _batch, _file, file_row_number"
            ).fetchall()

    def quarantined(self) -> list[tuple[Any, ...]]:
        _, segments = accepted_batches(load_settings(self.config))
        with duckdb.connect() as connection:
            files = [str(segment.quarantine) for segment in segments]
            return connection.execute(
                "select entity, file, line, reasons, record from read_parquet($1) order by all", [files]
            ).fetchall()


def separated(rows: Sequence[Sequence[str]], delimiter: str = ",") -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


def workbook(rows: Sequence[Sequence[Any]], *, before: int = 0, sheets: Sequence[str] = ("Sheet",)) -> bytes:
    book = Workbook()
    for number, name in enumerate(sheets):
        sheet = book.active if number == 0 else book.create_sheet()
        sheet.title = name
        for _ in range(before):
            sheet.append([])
        for row in rows:
            sheet.append([cell if cell != "" else None for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def archive(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return out.getvalue()


def parquet(rows: Sequence[Sequence[str]], folder: Path) -> bytes:
    lines, target = folder / "rows.ndjson", folder / "rows.parquet"
    lines.write_text("".join(json.dumps(dict(zip(HEADER, row, strict=True))) + "\n" for row in rows))
    columns = "{" + ", ".join(f"'{name}': 'varchar'" for name in HEADER) + "}"
    with duckdb.connect() as connection:
        connection.execute(f"copy (from read_json('{lines}', columns = {columns})) to '{target}' (format parquet)")
    return target.read_bytes()


OBJECTS = [dict(zip(HEADER, row, strict=True)) for row in ROWS]
TABLE = [HEADER, *ROWS]
FORMS: dict[str, Callable[[Path], bytes]] = {
    "tickets.csv": lambda _: separated(TABLE).encode(),
    "tickets-marked.csv": lambda _: separated(TABLE).encode("utf-8-sig"),
    "tickets-semicolons.csv": lambda _: separated(TABLE, ";").encode(),
    "tickets.tsv": lambda _: separated(TABLE, "\t").encode(),
    "tickets-bars.txt": lambda _: separated(TABLE, "|").encode(),
    "tickets-utf16.csv": lambda _: separated(TABLE, "\t").encode("utf-16"),
    "tickets-western.csv": lambda _: separated(TABLE, ";").encode("cp1252"),
    "tickets-western.csv.gz": lambda _: gzip.compress(separated(TABLE, ";").encode("cp1252")),
    "tickets.csv.gz": lambda _: gzip.compress(separated(TABLE).encode()),
    "tickets.zip": lambda _: archive({"a/tickets.csv": separated(TABLE).encode(), "readme.md": b"?"}),
    "tickets.xlsx": lambda _: workbook(TABLE, before=2),
    "tickets.ndjson": lambda _: "".join(json.dumps(row) + "\n" for row in OBJECTS).encode(),
    "tickets.ndjson.gz": lambda _: gzip.compress("".join(json.dumps(row) + "\n" for row in OBJECTS).encode()),
    "tickets.json": lambda _: json.dumps(OBJECTS, indent=2).encode(),
    "tickets.json.gz": lambda _: gzip.compress(json.dumps(OBJECTS).encode()),
    "tickets.parquet": lambda folder: parquet(ROWS, folder),
}


@pytest.mark.parametrize("name", FORMS)
def test_each_form_gives_the_same_records(tmp_path: Path, name: str) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS})
    desk.deliver(name, FORMS[name](tmp_path))
    report = desk.ingest_well()
    assert desk.raw("conversations", READ) == EXPECTED
    assert desk.quarantined() == []
    guessed = [line for line in report.warnings if "cp1252" in line]
    assert bool(guessed) == ("western" in name), report.warnings


def test_a_list_within_json_and_values_within_records(tmp_path: Path) -> None:
    mapped = {
        "files": "*.json",
        "records": "data.items",
        "columns": {"conversation_id": "id", "started_at": "at", "agent_id": "owner.id", "team": "a.b"},
        "contact_id": {"columns": ["customer.source", "customer.id"], "joined_by": "-"},
        "tags": "tags[*].name",
        "channel": {"constant": "whatsapp"},
    }
    found = {
        "data": {
            "items": [
                {
                    "id": 7,
                    "at": "2026-11-02T09:00:00+01:00",
                    "owner": {"id": "o1"},
                    "a.b": "sales",
                    "customer": {"source": "web", "id": 9},
                    "tags": [{"name": "x, y"}, {"name": "z"}],
                },
                {"id": 8, "at": "2026-11-02T09:00:00Z", "customer": {"id": 9}, "tags": []},
            ]
        }
    }
    desk = Helpdesk(tmp_path, {"conversations": mapped})
    desk.deliver("all.json", json.dumps(found, indent=1).encode())
    desk.ingest_well()
    assert desk.raw("conversations", "conversation_id, agent_id, contact_id, team, tags, channel") == [
        ("7", "o1", "web-9", "sales", ["x, y", "z"], "whatsapp"),
        ("8", None, None, None, None, "whatsapp"),
    ]


def test_one_file_feeds_several_entities(tmp_path: Path) -> None:
    """Rows without the key of a later entity do not count for it; the lines of its bad rows are those of the file."""
    agents = {
        "files": "tickets*",
        "columns": {"agent_id": "Assignee", "active": "Status"},
        "name": {"columns": ["First", "Last"]},
    }
    desk = Helpdesk(tmp_path, {"conversations": TICKETS, "agents": agents})
    desk.configure({"conversations": TICKETS, "agents": agents}, "[quality]\nquarantine_rows = 10\n")
    rows = [
        [*HEADER, "First", "Last"],
        ["1", "k", "", "02/11/2026 09:00", "", "true", "", "", "", ""],
        ["2", "k", "ana", "02/11/2026 09:00", "", "true", "", "two\nlines", "Ana", "Lis"],
        ["3", "k", "", "02/11/2026 09:00", "", "", "", "", "Nobody", ""],
        ["4", "k", "bo", "02/11/2026 09:00", "", "perhaps", "", "", "", "Bo"],
    ]
    desk.deliver("tickets.csv", separated(rows).encode())
    desk.ingest_well()
    assert desk.raw("agents", "agent_id, name, active") == [("ana", "Ana Lis", True), ("bo", "Bo", None)]
    assert [row[:4] for row in desk.quarantined()] == [
        ("agents", "tickets.csv", 6, "active: neither true nor false"),
    ]


# --- instants -----------------------------------------------------------------------------------------------


def instants(tmp_path: Path, texts: Sequence[str], how: dict[str, Any]) -> tuple[list[datetime | None], list[str]]:
    """What texts are read as, in UTC, and the warnings."""
    mapped = {"files": "t.csv", "columns": {"conversation_id": "id"}, "started_at": {"column": "at", **how}}
    desk = Helpdesk(tmp_path, {"conversations": mapped})
    quality = "[quality]\nquarantine_share = 1\nearliest = 1980-01-01T00:00:00Z\n"
    desk.configure({"conversations": mapped}, quality)
    desk.deliver("t.csv", separated([["id", "at"], *([str(n), text] for n, text in enumerate(texts))]).encode())
    warnings = desk.ingest_well().warnings
    return [at for (at,) in desk.raw("conversations", "started_at::timestamp")], warnings


@pytest.mark.parametrize(
    ("how", "text", "expected"),
    [
        ({"format": "epoch"}, "1767344400", datetime(2026, 1, 2, 9)),
        ({"format": "epoch"}, "1767344400.25", datetime(2026, 1, 2, 9, microsecond=250_000)),
        ({"format": "epoch_ms"}, "1767344400250", datetime(2026, 1, 2, 9, microsecond=250_000)),
        ({"format": "epoch_us"}, "1767344400250001", datetime(2026, 1, 2, 9, microsecond=250_001)),
        ({"format": "excel", "timezone": "UTC"}, "46024.375", datetime(2026, 1, 2, 9)),
        ({"format": "%m/%d/%Y %I:%M %p", "timezone": "UTC"}, "01/02/2026 09:05 PM", datetime(2026, 1, 2, 21, 5)),
        ({"format": "%d.%m.%y", "timezone": "Asia/Kolkata"}, "02.01.26", datetime(2026, 1, 1, 18, 30)),
        ({"format": "%d/%m/%Y %H:%M %z"}, "02/01/2026 09:00 -0500", datetime(2026, 1, 2, 14)),
        ({"format": "%b %-d, %Y %H:%M", "timezone": "UTC"}, "Jan 2, 2026 09:00", datetime(2026, 1, 2, 9)),
        ({"format": ["%d/%m/%Y %H:%M", "%d/%m/%Y"], "timezone": "UTC"}, "02/01/2026", datetime(2026, 1, 2)),
        ({"timezone": "America/New_York"}, "2026-01-02 09:00", datetime(2026, 1, 2, 14)),
        ({"timezone": "America/New_York"}, "2026-01-02T09:00:00Z", datetime(2026, 1, 2, 9)),
        ({}, "2026-01-02T09:00:00+01:00", datetime(2026, 1, 2, 8)),
        ({}, "2026-01-02 09:00", None),
        ({"format": "epoch"}, "yesterday", None),
        ({"format": "%d/%m/%Y", "timezone": "UTC"}, "31/11/2026", None),
        ({"format": "%d/%m/%Y", "timezone": "UTC"}, "2026-01-02", None),
    ],
)
def test_each_format_of_instants(tmp_path: Path, how: dict[str, Any], text: str, expected: datetime | None) -> None:
    assert instants(tmp_path, [text], how)[0] == [expected]


@pytest.mark.parametrize("name", ["Europe/Paris", "America/Havana", "Australia/Lord_Howe", "Africa/Casablanca"])
def test_local_times_are_those_of_python(tmp_path: Path, name: str) -> None:
    """Every quarter of an hour around each change of the clocks, and some by chance."""
    zone, chance = zones.zone(name), random.Random(7)
    local: list[datetime] = []
    before = datetime(1995, 1, 1)
    for instant, offset in zones.stretches(name):
        at = datetime.fromtimestamp(max(instant, 0), UTC).replace(tzinfo=None) + timedelta(seconds=offset)
        if before < at < datetime(2026, 11, 20):
            local += [at + timedelta(minutes=15 * step) for step in range(-9, 9)]
    local += [datetime(1990, 1, 1) + timedelta(minutes=chance.randrange(19_000_000)) for _ in range(500)]
    expected = [one.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None) for one in local]
    found, warnings = instants(
        tmp_path, [f"{one:%d/%m/%Y %H:%M}" for one in local], {"format": DAY_FIRST, "timezone": name}
    )
    assert found == expected
    odd = sum(one.replace(tzinfo=zone).utcoffset() != one.replace(tzinfo=zone, fold=1).utcoffset() for one in local)
    (line,) = (line for line in warnings if "clocks" in line)
    assert f"{odd:,} conversations" in line


# --- what is said -------------------------------------------------------------------------------------------


def test_malformed_records_are_quarantined_with_their_lines(tmp_path: Path) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS})
    text = separated([HEADER, *ROWS[:2]], ";") + "5;too;few\r\n\r\n" + separated([ROWS[2]], ";")
    desk.deliver("tickets.csv", text.encode())
    desk.ingest_well()
    assert [row for row in desk.raw("conversations", READ) if row[0]] == EXPECTED
    assert desk.quarantined() == [("conversations", "tickets.csv", 5, "malformed record", "5;too;few")]


def test_of_a_workbook_the_line_is_the_row(tmp_path: Path) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS})
    bad = ["9", "k", "", "31/11/2026 09:00", "", "", "", ""]
    desk.deliver("tickets.xlsx", workbook([HEADER, ROWS[0], [""] * len(HEADER), bad], before=1))
    desk.ingest_well()
    assert [row[:4] for row in desk.quarantined()] == [("conversations", "tickets.xlsx", 5, "started_at: no instant")]


def test_cells_of_a_workbook_in_their_types(tmp_path: Path) -> None:
    mapped = {
        "files": "*.xlsx",
        "columns": {"conversation_id": "id", "team": "big"},
        "started_at": {"column": "at", "timezone": "Europe/Paris"},
    }
    desk = Helpdesk(tmp_path, {"conversations": mapped})
    rows = [["id", "at", "big"], [5000.0, datetime(2026, 11, 2, 9, 0), True], [7, date(2026, 11, 2), 1.5]]
    desk.deliver("a.xlsx", workbook(rows))
    desk.ingest_well()
    assert desk.raw("conversations", "conversation_id, started_at::timestamp, team") == [
        ("5000", datetime(2026, 11, 2, 8), "true"),
        ("7", datetime(2026, 11, 1, 23), "1.5"),
    ]


def test_a_column_that_the_mapping_names_and_the_file_lacks_refuses_it(tmp_path: Path) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS})
    desk.deliver("tickets.csv", separated([["Ticket ID", "Created", "State"], ["1", "x", "y"]]).encode())
    (reason,) = desk.ingest().refusals
    for words in ("'Requester'", "'Assignee'", "'Solved'", "'Status'", "'Labels'", "Ticket ID, Created, State"):
        assert words in reason


def test_in_json_it_is_a_warning(tmp_path: Path) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS})
    desk.deliver("tickets.ndjson", json.dumps({"Ticket ID": 1, "Created": "02/11/2026 09:00"}).encode())
    (line,) = (line for line in desk.ingest_well().warnings if "no column" in line)
    assert "'Solved'" in line


def test_what_is_not_read_is_said(tmp_path: Path) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS})
    (desk.dumps / "old").mkdir()
    desk.deliver("users.csv", b"id\n1\n")
    desk.deliver("tickets.csv", separated([[*HEADER, "Group"], [*ROWS[0], "sales"]]).encode())
    warnings = "\n".join(desk.ingest_well().warnings)
    assert "no mapping reads old, users.csv (2)" in warnings
    assert "the column 'Group' of tickets.csv is not read, and 'team' of conversations is not mapped" in warnings
    assert "Subject" not in warnings


def test_unknown_words_refuse_as_in_the_export_format(tmp_path: Path) -> None:
    mapped = {
        "files": "comments*",
        "columns": {"message_id": "id", "conversation_id": "ticket", "sent_at": "at", "sender_type": "by"},
        "direction": {"constant": "outbound"},
    }
    desk = Helpdesk(tmp_path, {"messages": mapped}, no_agents=True)
    rows = [[str(number), "1", "2026-11-02T09:00:00Z", "staff"] for number in range(20)]
    desk.deliver("comments.csv", separated([["id", "ticket", "at", "by"], *rows]).encode())
    (reason,) = desk.ingest().refusals
    assert "20 of 20 messages have an unknown sender_type: 'staff' (20)" in reason


# --- deliveries ---------------------------------------------------------------------------------------------


def tickets(*rows: tuple[str, str]) -> bytes:
    """Ids and statuses."""
    return separated([HEADER, *([key, "", "", "02/11/2026 09:00", "", of, "", ""] for key, of in rows)]).encode()


def test_a_file_that_is_still_written_waits(tmp_path: Path) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS})
    desk.deliver("tickets.csv", tickets(("1", "new")), datetime.now(UTC))
    report = desk.ingest_well()
    assert report.entries == []
    assert "tickets.csv was written less than 60 seconds ago" in report.warnings[0]


def test_a_file_that_is_written_again_is_a_new_delivery_in_the_order_of_time(tmp_path: Path) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS})
    for hours, status in ((2, "second"), (3, "third")):
        desk.deliver("tickets.csv", tickets(("1", status)), LATER + timedelta(hours=hours))
        assert len(desk.ingest_well().having("accepted")) == 1
    desk.deliver("tickets-late.csv", tickets(("1", "first")), LATER + timedelta(hours=1))
    desk.ingest_well()
    assert [status for (status,) in desk.raw("conversations", "status")] == ["first", "second", "third"]
    assert desk.ingest_well().entries == []


def test_another_mapping_parses_again_what_was_accepted(tmp_path: Path) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS})
    desk.deliver("tickets.csv", separated(TABLE).encode())
    desk.ingest_well()
    desk.configure({"conversations": {**TICKETS, "team": {"constant": "sales"}}})
    (line,) = (line for line in desk.ingest_well().warnings if "parsed again" in line)
    assert "1 accepted batch was parsed again" in line
    assert desk.raw("conversations", "team") == [("sales",)] * 3


def test_the_date_in_a_name(tmp_path: Path) -> None:
    """The data is whole up to the beginning of that local day; nothing in it is later than its end."""
    desk = Helpdesk(tmp_path, {"conversations": TICKETS}, extracted_at={"name": "%Y%m%d"})
    rows = [["1", "", "", "03/11/2026 23:59", "", "", "", ""], ["2", "", "", "04/11/2026 00:10", "", "", "", ""]]
    desk.deliver("tickets-20261103.csv", separated([HEADER, *rows]).encode())
    desk.deliver("tickets.csv", tickets(("1", "new")))
    report = desk.ingest_well()
    (entry,) = report.entries
    assert entry.extracted_at == datetime(2026, 11, 2, 23, tzinfo=UTC)
    assert "tickets.csv is not read: its name has no date as '%Y%m%d' writes it" in report.warnings[0]
    assert [row[3] for row in desk.quarantined()] == ["started_at: later than the extraction of its batch"]


# --- snapshots ----------------------------------------------------------------------------------------------


def state(desk: Helpdesk) -> list[tuple[Any, ...]]:
    """What the batches say in turn: key and whether it is deleted."""
    return desk.raw("conversations", "conversation_id, coalesce(deleted, false)")


SNAPSHOT = {"delivery": "snapshot"}


def test_what_the_newest_dump_lacks_is_deleted(tmp_path: Path) -> None:
    dumps = [("1", "2", "3"), ("1", "3"), ("1",), ("1", "2"), ("1", "2")]
    for folder, at_once in ((tmp_path / "many", False), (tmp_path / "one", True)):
        folder.mkdir()
        desk = Helpdesk(folder, {"conversations": TICKETS}, **SNAPSHOT)
        for number, keys in enumerate(dumps):
            name = f"tickets-{number}.csv"
            desk.deliver(name, tickets(*((key, "new") for key in keys)), LATER + timedelta(hours=number))
            if not at_once:
                desk.ingest_well()
        desk.ingest_well()
        assert sorted(state(desk)) == sorted(
            [(key, False) for keys in dumps for key in keys] + [("2", True), ("3", True)]
        )
        assert [key for (key,) in desk.raw("conversations", "conversation_id")][3:6] in (
            ["1", "3", "2"],
            ["2", "1", "3"],
        )


def test_more_deletions_than_the_limit_refuse_a_dump(tmp_path: Path) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS})
    desk.configure({"conversations": TICKETS}, "[quality]\nshrink_share = 0.2\nshrink_rows = 1\n", **SNAPSHOT)
    desk.deliver("tickets-1.csv", tickets(*((str(key), "new") for key in range(10))), LATER)
    desk.ingest_well()
    desk.deliver("tickets-2.csv", tickets(*((str(key), "new") for key in range(7))), LATER + timedelta(hours=1))
    (reason,) = desk.ingest().refusals
    assert "it lacks 3 of the 10 conversations of the dump before" in reason


def test_a_quarantined_record_is_not_absent_and_an_entity_that_is_not_there_keeps_its_own(tmp_path: Path) -> None:
    comments = {
        "files": "comments*",
        "columns": {"message_id": "id", "conversation_id": "ticket", "sent_at": "at"},
        "direction": {"constant": "inbound"},
    }
    desk = Helpdesk(tmp_path, {"conversations": TICKETS, "messages": comments}, **SNAPSHOT)
    desk.deliver("comments.csv", b"id,ticket,at\nm1,1,2026-11-02T09:00:00Z\n", LATER)
    desk.deliver("tickets-1.csv", tickets(("1", "new"), ("2", "new")), LATER)
    desk.ingest_well()
    bad = separated([HEADER, ["1", "", "", "02/11/2026 09:00", "", "", "", ""], ["2", *[""] * 7]])
    desk.deliver("tickets-2.csv", bad.encode(), LATER + timedelta(hours=1))
    desk.ingest_well()
    assert (("2", True) in state(desk), len(desk.quarantined())) == (False, 1)
    assert desk.raw("messages", "message_id, deleted") == [("m1", None)]


def test_the_parts_of_a_dump_are_one_batch_and_an_older_dump_is_passed_over(tmp_path: Path) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS}, **SNAPSHOT, group="tickets-{date}")
    for name, key, hours in (
        ("20261110-1", "1", 0),
        ("20261110-2", "2", 1),
        ("20261111-1", "1", 24),
        ("20261111-2", "2", 25),
    ):
        desk.deliver(f"tickets-{name}.csv", tickets((key, "new")), LATER + timedelta(hours=hours))
    assert [entry.batch.partition("Z-")[2] for entry in desk.ingest_well().entries] == [
        "tickets-20261110",
        "tickets-20261111",
    ]
    assert ("2", True) not in state(desk)
    desk.deliver("tickets-20261111-3.csv", tickets(("3", "new")), LATER + timedelta(hours=26))
    desk.deliver("tickets-20261109-1.csv", tickets(("4", "new")), LATER - timedelta(hours=26))
    report = desk.ingest_well()
    assert report.entries == []
    assert [line.partition(": ")[2] for line in report.warnings[:2]] == [
        "tickets-20261111-3.csv came after its dump was accepted, and is not read: deliver all of it anew",
        "tickets-20261109 is older than the newest accepted dump, and is not read",
    ]


def test_a_dump_that_was_refused_is_set_aside_for_a_newer_one(tmp_path: Path) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS}, **SNAPSHOT)
    desk.deliver("tickets-1.csv", b"nonsense\n1\n", LATER)
    assert desk.ingest().refusals
    desk.deliver("tickets-2.csv", tickets(("1", "new")), LATER + timedelta(hours=1))
    assert [entry.batch.partition("Z-")[2] for entry in desk.ingest_well().entries] == ["tickets-2.csv"]
    assert desk.ingest_well().entries == []


def test_a_file_that_changed_without_another_time_is_named(tmp_path: Path) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS})
    desk.deliver("tickets.csv", tickets(("1", "new")), LATER)
    desk.ingest_well()
    desk.deliver("tickets.csv", tickets(("2", "new")), LATER)
    (line,) = desk.ingest_well().warnings
    assert "tickets.csv is not what was accepted" in line


def test_a_file_of_the_future_and_what_is_no_file(tmp_path: Path) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS})
    desk.deliver("tickets-1.csv", tickets(("1", "new")), datetime.now(UTC) + timedelta(days=2))
    os.mkfifo(desk.dumps / "tickets-2.csv")
    os.mkfifo(desk.dumps / "tickets-3.zip")
    (desk.dumps / "tickets-4.zip").symlink_to("/dev/zero")
    report = desk.ingest_well()
    assert report.entries == []
    assert "tickets-1.csv is not read: it was written in the future" in report.warnings[0]
    assert "no mapping reads tickets-2.csv, tickets-3.zip, tickets-4.zip (3)" in report.warnings[1]


def test_files_in_an_archive_that_no_mapping_reads_are_named(tmp_path: Path) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS})
    desk.deliver("all.zip", archive({"tickets.csv": separated(TABLE).encode(), "users.csv": b"id\n1\n"}))
    assert any("all.zip: no mapping reads users.csv" in line for line in desk.ingest_well().warnings)


# --- hostile files ------------------------------------------------------------------------------------------


def uncomputed() -> bytes:
    return workbook([HEADER, ["=1+1", *ROWS[0][1:]]])


def broken_sheet() -> bytes:
    return archive({"xl/workbook.xml": b"<workbook/>"})


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("tickets.zip", b"PK\x03\x04 none", "not a zip file"),
        ("tickets.zip", archive({"a/tickets.csv": b"x\n1", "b/tickets.csv": b"x\n1"}), "two files of the name"),
        ("tickets.xlsx", uncomputed(), "1 of its cells hold formulas without a value"),
        ("tickets.xlsx", broken_sheet(), "cannot be read"),
        ("tickets.xlsx", b"not a workbook", "cannot be read"),
        ("tickets.xlsx", workbook(TABLE, sheets=("A", "B")), "it has the sheets A, B: say which with 'sheet'"),
        ("tickets.xlsx", workbook([[*HEADER, "Created"]]), "its first row names the column 'Created' twice"),
        ("tickets.csv", separated([[*HEADER, "Created"], [*ROWS[0], ""]]).encode(), "names the column 'Created' twice"),
        ("tickets.csv", b"", "this one is empty"),
        ("tickets.json", b"[{]", "cannot be read"),
        ("tickets.csv.gz", gzip.compress(separated(TABLE).encode())[:-9], "cut off"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_cannot_be_read_is_refused_with_words(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS})
    desk.deliver(name, content)
    (reason,) = desk.ingest().refusals
    assert words in reason
    assert name in reason
    assert not list(tmp_path.rglob("raw/desk/*/*.csv")), "what was unpacked is gone"


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS})
    desk.deliver("tickets.zip", archive({"tickets.csv": separated(TABLE).encode() + b" " * (100 << 20)}))
    (reason,) = desk.ingest().refusals
    assert "which no text does" in reason


def test_a_workbook_that_unpacks_to_implausibly_much_is_refused(tmp_path: Path) -> None:
    out = io.BytesIO(workbook(TABLE))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/media/image1.png", b" " * (100 << 20))
    desk = Helpdesk(tmp_path, {"conversations": TICKETS})
    desk.deliver("tickets.xlsx", out.getvalue())
    (reason,) = desk.ingest().refusals
    assert "which no text does" in reason


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    content = bytearray(archive({"tickets.csv": separated(TABLE).encode()}))
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(header) + flags] |= 1
    desk = Helpdesk(tmp_path, {"conversations": TICKETS})
    desk.deliver("tickets.zip", bytes(content))
    (reason,) = desk.ingest().refusals
    assert "'tickets.csv' in it is encrypted" in reason


def test_a_file_that_grows_while_it_is_copied_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS})
    desk.deliver("tickets.csv", tickets(("1", "new")))
    chunks = Delivered.chunks

    def growing(self: Delivered, name: str) -> Iterator[memoryview]:
        yield from chunks(self, name)
        with (desk.dumps / name).open("ab") as file:
            file.write(b"2")

    with monkeypatch.context() as patch:
        patch.setattr(Delivered, "chunks", growing)
        report = desk.ingest_well()
    assert report.entries == []
    assert "tickets.csv is still being written" in report.warnings[0]
    desk.deliver("tickets.csv", tickets(("1", "new"), ("2", "new")))
    desk.ingest_well()
    assert len(state(desk)) == 2


def test_names_in_an_archive_lead_nowhere(tmp_path: Path) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS})
    desk.deliver("tickets.zip", archive({"../../../tickets.csv": separated(TABLE).encode()}))
    desk.ingest_well()
    assert desk.raw("conversations", READ) == EXPECTED
    assert list(tmp_path.rglob("tickets.csv")) == []


def test_macros_are_not_looked_at(tmp_path: Path) -> None:
    out = io.BytesIO(workbook(TABLE))
    with zipfile.ZipFile(out, "a") as book:
        book.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0 macros")
    desk = Helpdesk(tmp_path, {"conversations": TICKETS})
    desk.deliver("tickets.xlsm", out.getvalue())
    desk.ingest_well()
    assert desk.raw("conversations", READ) == EXPECTED


def test_many_columns_and_two_encodings(tmp_path: Path) -> None:
    """A text in two encodings is read as UTF-8, and what is not is quarantined."""
    more = [f"field {number}" for number in range(10_000)]
    desk = Helpdesk(tmp_path, {"conversations": TICKETS})
    lines = [separated([[*row, *(more if row is HEADER else [""] * len(more))]]).encode() for row in TABLE]
    other = separated([["4", "zoé", *ROWS[0][2:], *[""] * len(more)]]).encode("cp1252")
    desk.deliver("tickets.csv", b"".join([*lines, other]))
    desk.ingest_well()
    assert [row for row in desk.raw("conversations", READ) if row[0]] == EXPECTED
    assert [row[:4] for row in desk.quarantined()] == [("conversations", "tickets.csv", 6, "text that is not UTF-8")]


# --- configuration ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mapped", "words"),
    [
        ({}, "no entity is mapped: 'causerie map "),
        ({"agents": {"files": "a.csv"}}, "agents: agent_id must be mapped"),
        ({"agents": {"files": "a.csv", "columns": {"agent_id": "id", "nmae": "n"}}}, "agents have no column 'nmae'"),
        ({"conversations": TICKETS | {"started_at": {"column": "x", "format": "dd/mm"}}}, "'dd/mm' is not understood"),
        ({"conversations": TICKETS | {"started_at": {"column": "x", "format": "%d/%m/%Y"}}}, "say where"),
        ({"conversations": TICKETS | {"started_at": {"column": "x", "timezone": "Paris"}}}, "is not a time zone"),
        ({"conversations": TICKETS | {"status": {"column": "x", "format": "epoch"}}}, "are for instants"),
        ({"conversations": TICKETS | {"status": {"column": "x", "constant": "y"}}}, "one of 'column', 'columns'"),
        ({"conversations": TICKETS | {"status": {"column": "x", "separator": ","}}}, "'separator' is for lists"),
        ({"conversations": TICKETS | {"encoding": "utf-9"}}, "'utf-9' is not known"),
        ({"conversations": TICKETS | {"nonsense": 1}}, "conversations.nonsense: unknown key"),
        ({"conversations": TICKETS | {"updated_at": "x"}, **SNAPSHOT}, "do not map it"),
        ({"conversations": TICKETS, "extracted_at": {"name": "%d%m"}}, "lacks the year, the month or the day"),
        ({"conversations": TICKETS, "group": "tickets"}, "write it as 'tickets-{date}'"),
    ],
)
def test_a_mistake_in_a_mapping_is_named(tmp_path: Path, mapped: dict[str, Any], words: str) -> None:
    desk = Helpdesk(tmp_path, mapped)
    with pytest.raises(SettingsError) as raised:
        load_settings(desk.config)
    assert words in str(raised.value)


def test_the_example_is_written_as_people_write_it(tmp_path: Path) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS})
    text = desk.config.read_text()
    assert f"conversations = {toml(TICKETS)}" in text
    sections = text.replace(f"conversations = {toml(TICKETS)}\n", "") + "\n[sources.conversations]\n"
    sections += "".join(f"{key} = {toml(value)}\n" for key, value in TICKETS.items())
    desk.config.write_text(sections)
    desk.deliver("tickets.csv", separated(TABLE).encode())
    desk.ingest_well()
    assert desk.raw("conversations", READ) == EXPECTED
