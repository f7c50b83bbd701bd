"""What `causerie map` proposes for a folder: a configuration that is accepted, and that reads the files."""

from __future__ import annotations

import csv
import io
import json
import os
import tomllib
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.ingest import SourceReport, ingest_sources
from ingestion.proposals.proposal import proposal
from ingestion.settings import load_settings
from ingestion.source_settings import FilesSource
from tests.drops import content_of, packed, write_config

Row = dict[str, str]
START = datetime(2026, 1, 5, 8, tzinfo=UTC)
WRITTEN = datetime(2026, 3, 1, tzinfo=UTC).timestamp()


def text_of(rows: Sequence[Mapping[str, Any]], delimiter: str = ",") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def put(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(folder / name, (WRITTEN, WRITTEN))
    return folder


class Proposed:
    """A proposal for a folder: its text, and its mappings as the configuration understands them."""

    def __init__(self, folder: Path, timezone: str | None = None) -> None:
        self.text, self.is_complete = proposal(folder, timezone=timezone)
        (section,) = tomllib.loads(self.text)["sources"]
        self.source = FilesSource.model_validate(section)

    def column(self, entity: str, name: str) -> dict[str, Any]:
        """What the proposal says of a column, without defaults."""
        return self.source.mapped[entity].columns[name].model_dump(exclude_defaults=True)

    def columns(self, entity: str) -> dict[str, str | None]:
        return {name: of.column for name, of in self.source.mapped[entity].columns.items()}

    def line(self, entity: str, name: str) -> str:
        section = self.text.partition(f"[sources.{entity}]")[2].partition("\n\n")[0]
        return next(line for line in section.splitlines() if line.startswith(f"{name} ="))


def ingested(folder: Path, proposed: Proposed) -> SourceReport:
    """Ingest a folder by its proposal, whose lines are used as they are."""
    text = proposed.text.replace('"my_account"', '"acme"')
    config = write_config(folder.parent / "home", sources=[], extra=text.replace(str(folder), str(folder.resolve())))
    (report,) = ingest_sources(load_settings(config), lambda _: None)
    return report


def accepted(report: SourceReport) -> dict[str, int]:
    """How many good rows of each entity were accepted."""
    counts: dict[str, int] = {}
    for entry in report.having("accepted"):
        for entity, of in entry.counts.items():
            counts[entity] = counts.get(entity, 0) + of.landed - of.quarantined
    return counts


# --- the dump of a helpdesk -----------------------------------------------------------------------------------------


def dump() -> dict[str, str | bytes]:
    """300 tickets and 2,392 comments in the words of a helpdesk, with all that makes them hard to read."""
    tickets, comments = [], []
    for number in range(300):
        started = START + timedelta(hours=number)
        tickets.append(
            {
                "Ticket ID": f"{5000 + number}.0",
                "Requester": f"k{number % 90}",
                "Assignee email": f"agent{number % 7}@example.org",
                "Assignee": f"Zoé {'ABCDEFG'[number % 7]}",
                "Created": f"{started:%d/%m/%Y %H:%M}",
                "Solved at": "-" if number % 10 == 0 else f"{started + timedelta(hours=5):%d/%m/%Y %H:%M}",
                "Status": "Pending" if number % 10 == 0 else "Solved",
                "Labels": "remboursé, vip" if number % 2 else "vip",
            }
        )
        for nth in range(7 if number < 8 else 8):
            is_agents = nth % 2 == 1
            comments.append(
                {
                    "id": f"{number}-{nth}",
                    "ticket": str(5000 + number),
                    "author_email": f"agent{number % 7}@example.org" if is_agents else "",
                    "at": str(int((started + timedelta(minutes=7 * nth)).timestamp() * 1000)),
                    "author_kind": "staff" if is_agents else "customer",
                }
            )
    return {
        "tickets.csv": text_of(tickets, ";").encode("latin-1"),
        "comments.csv": text_of(comments),
        "readme.md": "How to read this",
    }


def test_the_dump_of_a_helpdesk_is_mapped_and_read(tmp_path: Path) -> None:
    folder = put(tmp_path / "dumps", dump())
    proposed = Proposed(folder, "Europe/Paris")
    assert proposed.is_complete
    assert proposed.columns("conversations") == {
        "conversation_id": "Ticket ID",
        "started_at": "Created",
        "contact_id": "Requester",
        "status": "Status",
        "closed_at": "Solved at",
        "agent_id": "Assignee email",
        "tags": "Labels",
    }
    assert proposed.column("conversations", "closed_at") == {
        "column": "Solved at",
        "format": "%d/%m/%Y %H:%M",
        "timezone": "Europe/Paris",
        "missing": ["-"],
    }
    assert proposed.column("conversations", "tags")["separator"] == ","
    assert proposed.column("conversations", "status")["values"] == {"pending": "in_progress", "solved": "closed"}
    assert proposed.column("messages", "sender_type")["values"] == {"customer": "contact", "staff": "agent"}
    assert proposed.column("messages", "direction")["values"] == {"customer": "inbound", "staff": "outbound"}
    assert proposed.column("messages", "sent_at") == {"column": "at", "format": "epoch_ms"}
    assert proposed.columns("agents") == {"agent_id": "Assignee email", "name": "Assignee", "email": "Assignee email"}
    assert proposed.source.mapped["conversations"].encoding == "cp1252"
    assert "readme.md has no form that can be read" in proposed.text
    report = ingested(folder, proposed)
    assert report.refusals == []
    assert ["no mapping reads readme.md" in warning for warning in report.warnings] == [True]
    assert accepted(report) == {"conversations": 300, "messages": 2392, "agents": 300}


def test_nothing_of_people_is_shown(tmp_path: Path) -> None:
    text = Proposed(put(tmp_path / "dumps", dump())).text
    assert [word for word in ("Zoé", "example.org", "k17", "rembours") if word in text] == []


def test_without_a_zone_each_local_time_is_unsure(tmp_path: Path) -> None:
    proposed = Proposed(put(tmp_path / "dumps", dump()))
    assert proposed.column("conversations", "started_at")["timezone"] == "UTC"
    assert "# unsure: local times of an unknown zone" in proposed.line("conversations", "started_at")
    assert proposed.line("conversations", "status").endswith("# sure")


def test_what_is_required_and_not_found_is_a_comment(tmp_path: Path) -> None:
    files = dump()
    files["comments.csv"] = str(files["comments.csv"]).replace("author_kind", "colour")
    proposed = Proposed(put(tmp_path / "dumps", files))
    assert not proposed.is_complete
    assert "messages" not in proposed.source.mapped
    assert "# direction = ...  # missing: nothing was found for it" in proposed.text


# --- other languages ------------------------------------------------------------------------------------------------

LANGUAGES = [
    pytest.param(
        "Dossiers.csv",
        ["Numéro du ticket", "Créé le", "Statut", "Étiquettes", "Agent assigné", "Demandeur", "Résolu le"],
        ["Résolu", "En attente"],
        id="French",
    ),
    pytest.param(
        "Casos.csv",
        ["ID del ticket", "Fecha de creación", "Estado", "Etiquetas", "Asignado a", "Solicitante", "Fecha de cierre"],
        ["Cerrado", "Abierto"],
        id="Spanish",
    ),
    pytest.param(
        "Chamados.csv",
        ["Número do chamado", "Criado em", "Situação", "Marcadores", "Responsável", "Solicitante", "Fechado em"],
        ["Fechado", "Aberto"],
        id="Portuguese",
    ),
]


@pytest.mark.parametrize(("name", "header", "statuses"), LANGUAGES)
def test_headers_of_other_languages(tmp_path: Path, name: str, header: list[str], statuses: list[str]) -> None:
    rows = [
        dict(
            zip(
                header,
                [str(number), f"0{1 + number % 9}/03/2026 10:15", statuses[number % 2], "a;b", "Ana Lima", "Zoé M", ""],
                strict=True,
            )
        )
        for number in range(40)
    ]
    rows[0][header[6]] = "05/03/2026 11:00"
    proposed = Proposed(put(tmp_path / "dumps", {name: text_of(rows)}))
    columns = ["conversation_id", "started_at", "status", "tags", "agent_id", "contact_id", "closed_at"]
    assert proposed.columns("conversations") == dict(zip(columns, header, strict=True))
    assert set(proposed.column("conversations", "status")["values"].values()) == {"closed", "in_progress"}
    line = proposed.line("conversations", "started_at")
    assert '"%d/%m/%Y %H:%M"' in line
    assert "day first is taken for the language of the header" in line


# --- instants -------------------------------------------------------------------------------------------------------

FORMS = [
    ("%Y-%m-%dT%H:%M:%S+01:00", "iso", False),
    ("%Y-%m-%d %H:%M:%S", "iso", True),
    ("%Y-%m-%d", "iso", True),
    ("%s", "epoch", False),
    ("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M", True),
    ("%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M %p", True),
    ("%d.%m.%y %H:%M:%S", "%d.%m.%y %H:%M:%S", True),
    ("%d-%m-%Y", "%d-%m-%Y", True),
    ("%b %d, %Y %I:%M %p", "%b %d, %Y %I:%M %p", True),
    ("%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M:%S UTC", True),
    ("%Y-%m-%d %H:%M:%S +0100", "%Y-%m-%d %H:%M:%S %z", False),
]


@pytest.mark.parametrize(("written", "found", "is_local"), FORMS)
def test_forms_of_instants(tmp_path: Path, written: str, found: str, is_local: bool) -> None:
    days = [START + timedelta(days=number, seconds=61 * number) for number in range(40)]
    rows = [
        {"ticket_id": str(number), "created_at": day.strftime(written), "status": "open"}
        for number, day in enumerate(days)
    ]
    proposed = Proposed(put(tmp_path / "dumps", {"tickets.csv": text_of(rows)}), "Europe/Paris")
    mapped = proposed.source.mapped["conversations"].columns["started_at"]
    assert mapped.formats == [found]
    assert (mapped.timezone is not None) is is_local
    assert proposed.line("conversations", "started_at").endswith("# sure")
    assert accepted(ingested(tmp_path / "dumps", proposed)) == {"conversations": 40}


def test_day_first_and_month_first_are_unsure_in_english(tmp_path: Path) -> None:
    rows = [{"ticket_id": str(day), "created_at": f"0{day}/02/2026 10:00", "status": "open"} for day in range(1, 10)]
    proposed = Proposed(put(tmp_path / "dumps", {"tickets.csv": text_of(rows)}), "UTC")
    assert "# unsure: day first and month first both fit every value" in proposed.line("conversations", "started_at")


def test_another_column_of_the_file_decides_about_day_and_month(tmp_path: Path) -> None:
    rows = [
        {"ticket_id": str(day), "created_at": f"02/0{day}/2026", "closed_at": "02/27/2026", "status": "closed"}
        for day in range(1, 10)
    ]
    proposed = Proposed(put(tmp_path / "dumps", {"tickets.csv": text_of(rows)}), "UTC")
    assert proposed.line("conversations", "started_at").endswith("# sure")
    assert proposed.column("conversations", "started_at")["format"] == "%m/%d/%Y"


def test_another_file_decides_about_day_and_month(tmp_path: Path) -> None:
    rows = [{"ticket_id": str(day), "created_at": f"02/0{day}/2026", "status": "open"} for day in range(1, 10)]
    others = [{"user_id": str(day), "email": f"z{day}@example.org", "updated_at": "02/27/2026"} for day in range(9)]
    folder = put(tmp_path / "dumps", {"tickets.csv": text_of(rows), "customers.csv": text_of(others)})
    line = Proposed(folder, "UTC").line("conversations", "started_at")
    assert "month first is taken as in other files" in line


def test_two_forms_in_a_column_and_what_is_left(tmp_path: Path) -> None:
    values = [f"{day}/01/2026 10:00" for day in range(13, 29)] + ["29/01/2026"] * 16 + ["soon"]
    rows = [{"ticket_id": str(at), "created_at": value, "status": "open"} for at, value in enumerate(values)]
    proposed = Proposed(put(tmp_path / "dumps", {"tickets.csv": text_of(rows)}), "UTC")
    assert set(proposed.column("conversations", "started_at")["format"]) == {"%d/%m/%Y %H:%M", "%d/%m/%Y"}
    assert "32 of 33 values are read" in proposed.line("conversations", "started_at")


# --- words ----------------------------------------------------------------------------------------------------------


def messages(kinds: Sequence[str], column: str = "sender_type") -> str:
    return text_of(
        [
            {
                "message_id": str(number),
                "conversation_id": str(number % 5),
                "sent_at": (START + timedelta(minutes=number)).isoformat(),
                column: kind,
            }
            for number, kind in enumerate(kinds)
        ]
    )


CONVERSATIONS = text_of([{"id": str(number), "created_at": START.isoformat(), "status": "open"} for number in range(5)])


def test_words_that_nothing_is_known_of_are_listed_with_counts(tmp_path: Path) -> None:
    files = {"chats.csv": CONVERSATIONS, "messages.csv": messages(["End-User", "operator", "gizmo"] * 3)}
    proposed = Proposed(put(tmp_path / "dumps", files))
    assert "# words of sender_type that nothing is known of: 'gizmo' (3)" in proposed.text
    assert "# unsure" in proposed.line("messages", "sender_type")
    assert proposed.column("messages", "sender_type")["values"] == {"end-user": "contact", "operator": "agent"}


def test_names_of_people_are_no_words(tmp_path: Path) -> None:
    files = {"chats.csv": CONVERSATIONS, "messages.csv": messages(["Support", "Zoé Martin", "Bob"] * 3, "sender")}
    proposed = Proposed(put(tmp_path / "dumps", files))
    assert not proposed.is_complete
    assert "martin" not in proposed.text.lower()


def test_messages_without_an_id_have_one_of_parts(tmp_path: Path) -> None:
    text = messages(["customer", "agent"] * 5).replace("message_id", "colour")
    folder = put(tmp_path / "dumps", {"chats.csv": CONVERSATIONS, "messages.csv": text})
    proposed = Proposed(folder)
    assert proposed.column("messages", "message_id") == {"columns": ["conversation_id", "sent_at", "sender_type"]}
    assert "# unsure: without an id" in proposed.line("messages", "message_id")
    assert accepted(ingested(folder, proposed)) == {"conversations": 5, "messages": 10}


@pytest.mark.parametrize(("header", "words"), [("Privado", ["não", "sim"]), ("is_public", ["true", "false"])])
def test_private_messages(tmp_path: Path, header: str, words: list[str]) -> None:
    rows = [
        {"id": str(at), "chat_id": "1", "sent_at": START.isoformat(), "sender_type": "agent", header: words[at % 2]}
        for at in range(6)
    ]
    proposed = Proposed(put(tmp_path / "dumps", {"chats.csv": CONVERSATIONS, "messages.csv": text_of(rows)}))
    assert proposed.column("messages", "private")["values"] == {words[0]: "false", words[1]: "true"}


@pytest.mark.parametrize(
    ("column", "words", "values"),
    [
        ("direction", ["Incoming", "outgoing"], {"incoming": "inbound", "outgoing": "outbound"}),
        ("message_type", ["received", "sent"], {"received": "inbound", "sent": "outbound"}),
        ("incoming", ["true", "false"], {"true": "inbound", "false": "outbound"}),
        ("Sens", ["entrant", "sortant"], {"entrant": "inbound", "sortant": "outbound"}),
    ],
)
def test_directions(tmp_path: Path, column: str, words: list[str], values: dict[str, str]) -> None:
    folder = put(tmp_path / "dumps", {"chats.csv": CONVERSATIONS, "messages.csv": messages(words * 5, column)})
    proposed = Proposed(folder)
    assert proposed.column("messages", "direction") == {"column": column, "values": values}
    assert accepted(ingested(folder, proposed)) == {"conversations": 5, "messages": 10}


# --- forms of files, and several entities in one --------------------------------------------------------------------

TICKETS = [
    {
        "Ticket ID": str(number),
        "Created at": (START + timedelta(hours=number)).isoformat(),
        "Requester ID": f"r{number % 9}",
        "Requester name": "Zoé Martin",
        "Requester email": f"z{number % 9}@example.org",
        "Requester phone": f"+3361234567{number % 9}",
        "Assignee ID": str(number % 3),
        "Assignee name": "Ana Lima",
        "Satisfaction score": str(1 + number % 5) if number % 2 else "",
        "First response time (hrs)": "2",
    }
    for number in range(30)
]


def test_a_file_of_tickets_feeds_several_entities(tmp_path: Path) -> None:
    folder = put(tmp_path / "dumps", {"export 2026-01-05.csv": text_of(TICKETS)})
    proposed = Proposed(folder)
    assert [*proposed.source.mapped] == ["conversations", "contacts", "agents", "ratings"]
    assert proposed.columns("contacts") == {
        "contact_id": "Requester ID",
        "name": "Requester name",
        "phone": "Requester phone",
        "email": "Requester email",
    }
    assert proposed.source.mapped["ratings"].needs == ["Satisfaction score"]
    assert "nothing maps 'First response time (hrs)'" in proposed.text
    assert proposed.source.mapped["conversations"].files == "export *.csv"
    counts = accepted(ingested(folder, proposed))
    assert counts == {"conversations": 30, "contacts": 30, "agents": 30, "ratings": 15}


@pytest.mark.parametrize("form", ["json", "object", "ndjson", "zip", "xlsx", "parquet", "gz", "utf-16"])
def test_forms_of_files(tmp_path: Path, form: str) -> None:
    files: dict[str, str | bytes] = {}
    if form == "json":
        files["tickets.json"] = json.dumps(TICKETS)
    elif form == "object":
        files["tickets.json"] = json.dumps({"tickets": TICKETS, "count": 30}, indent=1)
    elif form == "ndjson":
        files["tickets.ndjson"] = "".join(json.dumps(row) + "\n" for row in TICKETS)
    elif form == "parquet":
        files["tickets.parquet"] = content_of(TICKETS, "parquet")
    elif form == "gz":
        files["tickets.csv.gz"] = packed(text_of(TICKETS).encode())
    elif form == "utf-16":
        files["tickets.csv"] = text_of(TICKETS, "\t").encode("utf-16")
    elif form == "zip":
        whole = io.BytesIO()
        with zipfile.ZipFile(whole, "w") as archive:
            archive.writestr("inside/tickets.csv", text_of(TICKETS))
        files["export.zip"] = whole.getvalue()
    else:
        files["tickets.xlsx"] = workbook(
            {"Notes": [["nothing"]], "Tickets": [[*TICKETS[0]], *map(list, map(dict.values, TICKETS))]}
        )
    folder = put(tmp_path / "dumps", files)
    proposed = Proposed(folder)
    assert proposed.is_complete
    assert accepted(ingested(folder, proposed)) == {"conversations": 30, "contacts": 30, "agents": 30, "ratings": 15}


def workbook(sheets: Mapping[str, Sequence[Sequence[Any]]]) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    whole = io.BytesIO()
    book.save(whole)
    return whole.getvalue()


def test_a_file_without_a_header_is_named_and_not_shown(tmp_path: Path) -> None:
    folder = put(
        tmp_path / "dumps", {"tickets.csv": "Zoé,zoe@example.org,2026-01-05\nAna,ana@example.org,2026-01-06\n"}
    )
    text, is_complete = proposal(folder)
    assert not is_complete
    assert "tickets.csv: its first line seems to be data" in text
    assert "zoe" not in text


def test_files_of_one_header_are_read_together(tmp_path: Path) -> None:
    files = {
        f"{name}.csv": text_of(TICKETS[at::3]) for at, name in enumerate(["tickets 2025-12", "tickets 2026-01", "more"])
    }
    folder = put(tmp_path / "dumps", {**files})
    proposed = Proposed(folder)
    assert proposed.source.mapped["conversations"].files == ["more*.csv", "tickets *.csv"]
    assert accepted(ingested(folder, proposed))["conversations"] == 30


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tickets.csv", text_of(TICKETS) + "31,one,two\n"),
        ("tickets.ndjson", "".join(json.dumps(row) + "\n" for row in TICKETS) + '{"Ticket ID": \n'),
    ],
)
def test_malformed_records_are_passed_over(tmp_path: Path, name: str, content: str) -> None:
    assert proposal(put(tmp_path / "dumps", {name: content}))[1]


def test_nothing_in_a_name_acts_on_a_terminal(tmp_path: Path) -> None:
    row = {"ticket_id": "1", "created_at": START.isoformat(), "status": "open", "\u202ered\x9b": "x", "team\x7f": "y"}
    proposed = Proposed(put(tmp_path / "dumps", {"tickets.csv": text_of([row])}))
    assert proposed.text.replace("\n", "").isprintable()
    assert proposed.columns("conversations")["team"] == "team\x7f"


def test_authors_that_are_also_customers_are_said(tmp_path: Path) -> None:
    rows = [
        {
            "id": str(at),
            "chat_id": str(at % 5),
            "sent_at": START.isoformat(),
            "sender_id": f"p{at % 3}",
            "sender_type": kind,
        }
        for at, kind in enumerate(["user", "agent"] * 5)
    ]
    proposed = Proposed(put(tmp_path / "dumps", {"chats.csv": CONVERSATIONS, "messages.csv": text_of(rows)}))
    assert "it also names customers" in proposed.line("messages", "agent_id")


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    text, is_complete = proposal(tmp_path)
    assert not is_complete
    assert tomllib.loads(text) == {}


def test_agents_among_customers_are_no_agents(tmp_path: Path) -> None:
    rows = [
        {"id": str(at), "name": "Zoé Martin", "email": f"z{at}@example.org", "role": "agent" if at < 2 else "customer"}
        for at in range(9)
    ]
    proposed = Proposed(put(tmp_path / "dumps", {"users.csv": text_of(rows), "chats.csv": CONVERSATIONS}))
    assert [*proposed.source.mapped] == ["conversations", "contacts"]


# --- presets: made up rows, with the columns that are documented ----------------------------------------------------

ZENDESK_TICKETS = [
    {
        "assignee_id": 235323 + number % 2,
        "collaborator_ids": [],
        "created_at": (START + timedelta(days=number)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "custom_fields": [{"id": 27642, "value": "745"}],
        "description": "…",
        "group_id": 98738,
        "id": 35436 + number,
        "organization_id": None,
        "raw_subject": "…",
        "requester_id": 20978392 + number % 3,
        "satisfaction_rating": (
            {"id": 1234 + number, "score": ["good", "bad"][number % 2], "comment": "…"}
            if number < 4
            else {"score": "offered"}
        ),
        "status": ["new", "open", "hold", "solved", "closed"][number % 5],
        "subject": "…",
        "submitter_id": 76872,
        "tags": ["enterprise", "other_tag"],
        "type": "incident",
        "updated_at": (START + timedelta(days=number, hours=5)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "via": {"channel": "whatsapp"},
    }
    for number in range(10)
]
ZENDESK_USERS = [
    {
        "id": 20978392 + number,
        "name": "Zoé Martin",
        "email": f"z{number}@example.org",
        "role": "end-user",
        "active": True,
        "verified": True,
        "organization_id": None,
        "phone": f"+3361234567{number}",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
    }
    for number in range(3)
]
ZENDESK_CSV = [
    {
        "Summation column": "1",
        "Id": str(number),
        "Requester": "Zoé Martin",
        "Requester id": str(4128378 + number % 3),
        "Requester external id": "",
        "Requester email": f"z{number % 3}@example.org",
        "Requester domain": "example.org",
        "Submitter": "Zoé Martin",
        "Assignee": ["Ana Lima", "Bo Sand"][number % 2],
        "Group": "Support",
        "Subject": "…",
        "Tags": "refund,vip",
        "Status": ["Open", "Solved", "Closed"][number % 3],
        "Priority": "Low",
        "Via": "Web form",
        "Ticket type": "Task",
        "Created at": f"2026-01-{number + 1:02d} 19:02",
        "Updated at": f"2026-01-{number + 1:02d} 21:30",
        "Assigned at": f"2026-01-{number + 1:02d} 19:02",
        "Organization": "",
        "Due date": "",
        "Initially assigned at": f"2026-01-{number + 1:02d} 19:02",
        "Solved at": f"2026-01-{number + 1:02d} 21:07" if number % 3 else "",
        "Resolution time": "50",
        "Satisfaction Score": ["Good", "Bad", ""][number % 3],
    }
    for number in range(9)
]
INTERCOM = [
    {
        "message_id": f"{conversation}-{nth}",
        "message_body": "…",
        "message_type": kind,
        "message_created_at": (START + timedelta(days=conversation, minutes=nth)).strftime("%Y-%m-%d %H:%M:%S"),
        "message_author_type": author,
        "message_author_id": f"{author}{conversation % 2}",
        "message_author_user_id": "",
        "message_author_name": "Zoé Martin",
        "message_author_email": "",
        "message_author_companies": "",
        "conversation_tags": "refund,vip",
        "conversation_id": str(conversation),
        "conversation_state": "closed",
        "conversation_created_at": (START + timedelta(days=conversation)).strftime("%Y-%m-%d %H:%M:%S"),
        "conversation_first_response_at": "",
        "conversation_closed_at": (START + timedelta(days=conversation, hours=2)).strftime("%Y-%m-%d %H:%M:%S"),
        "app_id": "a",
        "app_name": "…",
    }
    for conversation in range(6)
    for nth, (kind, author) in enumerate(
        [
            ("conversation_message", "lead"),
            ("comment", "bot"),
            ("note", "admin"),
            ("comment", "admin"),
            ("close", "admin"),
        ]
    )
]


def said(day: int, hours: int = 0) -> str:
    """An instant as the APIs of helpdesks write it."""
    return (START + timedelta(days=day, hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


FRESHDESK_TICKETS = [
    {
        "cc_emails": ["user@example.org"],
        "fr_escalated": False,
        "spam": False,
        "email_config_id": None,
        "group_id": 2,
        "priority": 1,
        "requester_id": 70 + number % 3,
        "responder_id": 1 + number % 2,
        "source": [1, 3, 10][number % 3],
        "status": [2, 3, 4, 5, 6][number % 5],
        "subject": "…",
        "id": 18 + number,
        "type": "Question",
        "created_at": said(number),
        "updated_at": said(number, 5),
        "due_by": None,
        "fr_due_by": "2026-05-25T11:30:00Z",
        "is_escalated": False,
        "custom_fields": {"category": "Primary"},
        "tags": ["refund", "vip"],
        "requester": {"id": 70 + number % 3, "name": "Zoé", "email": "z@example.org", "phone": "+33612"},
        "stats": {
            "first_responded_at": said(number, 1),
            "resolved_at": said(number, 5) if number % 5 in (2, 3) else None,
            "closed_at": said(number, 77) if number % 5 == 3 else None,
        },
    }
    for number in range(10)
]
FRESHDESK_CONVERSATIONS = [
    {
        "body_text": "…",
        "body": "<div>…</div>",
        "id": 10 * ticket["id"] + nth,
        "incoming": incoming,
        "private": private,
        "user_id": ticket["requester_id"] if incoming else ticket["responder_id"],
        "support_email": None,
        "source": 2 if private else 0,
        "ticket_id": ticket["id"],
        "created_at": ticket["updated_at"],
        "updated_at": ticket["updated_at"],
        "attachments": [],
    }
    for ticket in FRESHDESK_TICKETS
    for nth, (incoming, private) in enumerate([(False, False), (False, True), (True, False)])
]
FRESHDESK_CONTACTS = [
    {
        "active": False,
        "address": None,
        "company_id": None,
        "deleted": False,
        "description": None,
        "email": f"z{number}@example.org",
        "id": 70 + number,
        "contact_type": "contact",
        "job_title": None,
        "language": "en",
        "mobile": None,
        "name": "Zoé Martin",
        "phone": f"+3361234567{number}",
        "time_zone": "Chennai",
        "twitter_id": None,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "tags": ["gold"],
    }
    for number in range(4)
]
FRESHDESK_AGENTS = [
    {
        "available": True,
        "occasional": False,
        "id": number,
        "ticket_scope": 1,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "type": "support_agent",
        "contact": {"active": True, "email": f"a{number}@example.org", "name": "Ana Lima", "phone": None},
    }
    for number in (1, 2)
]
FRESHDESK_RATINGS = [
    {
        "id": 102 + number,
        "survey_id": 1,
        "user_id": 70,
        "agent_id": 1,
        "feedback": "…",
        "group_id": None,
        "ticket_id": 18 + number,
        "ratings": {"default_question": score, "question_2": -102},
        "created_at": "2026-02-01T00:00:00Z",
        "updated_at": "2026-02-01T00:00:00Z",
    }
    for number, score in enumerate([103, 101, 100, -103])
]
HUBSPOT_TICKETS = [
    {
        "id": str(57774743 + number),
        "properties": {
            "closed_date": said(number, 2),
            "createdate": said(number),
            "created_by": str(1401 + number % 3),
            "hs_pipeline": "0",
            "hs_pipeline_stage": str(1 + number % 4),
            "hubspot_owner_id": "910901",
            "source_type": "CHAT",
            "subject": "…",
        },
        "createdAt": said(number),
        "updatedAt": said(number, 2),
        "archived": number == 7,
    }
    for number in range(8)
]
HUBSPOT_THREADS = [
    {
        "id": str(176347007 + number),
        "createdAt": said(number),
        "closedAt": said(number, 2),
        "status": ["CLOSED", "OPEN"][number % 2],
        "originalChannelId": ["1000", "1007"][number % 2],
        "originalChannelAccountId": "148662",
        "latestMessageTimestamp": said(number, 1),
        "assignedTo": "A-2620022",
        "spam": False,
        "inboxId": "481939",
        "associatedContactId": str(1401 + number % 3),
        "archived": False,
    }
    for number in range(6)
]
HUBSPOT_MESSAGES = [
    {
        "id": f"3ad{thread['id']}{nth}",
        "conversationsThreadId": thread["id"],
        "createdAt": thread["createdAt"],
        "updatedAt": thread["createdAt"],
        "createdBy": author,
        "client": {"clientType": "SYSTEM"},
        "senders": [{"actorId": author}],
        "recipients": [],
        "archived": False,
        "text": "…",
        "attachments": [],
        "channelId": "1000",
        "channelAccountId": "148662",
        **more,
    }
    for thread in HUBSPOT_THREADS
    for nth, (author, more) in enumerate(
        [
            ("S-hubspot", {"type": "WELCOME_MESSAGE"}),
            ("V-1401", {"type": "MESSAGE", "direction": "INCOMING", "status": {"statusType": "RECEIVED"}}),
            ("A-2620022", {"type": "COMMENT"}),
            ("A-2620022", {"type": "MESSAGE", "direction": "OUTGOING", "status": {"statusType": "SENT"}}),
        ]
    )
]


def raw(report: SourceReport, folder: Path, entity: str, query: str) -> list[tuple[Any, ...]]:
    """A question to the rows of an entity, as they are in raw."""
    assert report.refusals == []
    home = folder.parent / "home" / "var"
    files = ", ".join(f"'{path}'" for path in home.rglob("*.parquet") if path.name.startswith(entity))
    return duckdb.connect().execute(query.format(rows=f"read_parquet([{files}], union_by_name = true)")).fetchall()


def test_tickets_and_users_of_zendesk_in_json(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "tickets-2026.json": "".join(json.dumps(row) + "\n" for row in ZENDESK_TICKETS),
        "users.json": "".join(json.dumps(row) + "\n" for row in ZENDESK_USERS),
    }
    folder = put(tmp_path / "dumps", files)
    proposed = Proposed(folder)
    assert "# tickets-2026.json: tickets of Zendesk in JSON" in proposed.text
    assert proposed.is_complete
    report = ingested(folder, proposed)
    assert accepted(report) == {"conversations": 10, "contacts": 3, "ratings": 4}
    found = raw(
        report, folder, "conversations", "select status, channel, count(*), min(len(tags)) from {rows} group by all"
    )
    assert sorted(found) == [
        ("closed", "whatsapp", 4, 2),
        ("in_progress", "whatsapp", 4, 2),
        ("new", "whatsapp", 2, 2),
    ]
    assert raw(report, folder, "ratings", "select sum(rating), min(conversation_id) from {rows}") == [(12, "35436")]


def test_tickets_of_zendesk_in_csv(tmp_path: Path) -> None:
    folder = put(tmp_path / "dumps", {"tickets.csv": text_of(ZENDESK_CSV)})
    proposed = Proposed(folder, "Europe/Paris")
    assert "# tickets.csv: tickets of Zendesk in CSV" in proposed.text
    report = ingested(folder, proposed)
    assert accepted(report) == {"conversations": 9, "contacts": 9, "agents": 9, "ratings": 6}
    found = raw(report, folder, "conversations", "select min(started_at), count(closed_at), min(len(tags)) from {rows}")
    assert found == [(datetime(2026, 1, 1, 18, 2, tzinfo=UTC), 6, 2)]
    assert raw(report, folder, "ratings", "select sum(rating) from {rows}") == [(18,)]


def test_conversations_of_intercom(tmp_path: Path) -> None:
    folder = put(tmp_path / "dumps", {"export.csv": text_of(INTERCOM)})
    proposed = Proposed(folder)
    assert "# export.csv: conversations of Intercom" in proposed.text
    assert proposed.line("messages", "sent_at").endswith("# sure")
    report = ingested(folder, proposed)
    assert accepted(report) == {"conversations": 30, "messages": 30}
    question = "select sender_type, direction, type, private, count(*) from {rows} group by all"
    assert sorted(raw(report, folder, "messages", question)) == [
        ("agent", "outbound", "activity", False, 6),
        ("agent", "outbound", "comment", False, 6),
        ("agent", "outbound", "note", True, 6),
        ("bot", "outbound", "comment", False, 6),
        ("contact", "inbound", "conversation_message", False, 6),
    ]


def test_a_dump_of_freshdesk(tmp_path: Path) -> None:
    first = [  # as docs/your-own-files.md says
        {
            "id": f"t{ticket['id']}",
            "ticket_id": ticket["id"],
            "incoming": ticket["source"] != 10,
            "private": False,
            "user_id": ticket["responder_id"] if ticket["source"] == 10 else ticket["requester_id"],
            "created_at": ticket["created_at"],
            "updated_at": ticket["created_at"],
        }
        for ticket in FRESHDESK_TICKETS
    ]
    answers = {
        "tickets": FRESHDESK_TICKETS,
        "conversations-0": first,
        "conversations-1": FRESHDESK_CONVERSATIONS,
        "contacts": FRESHDESK_CONTACTS,
        "agents": FRESHDESK_AGENTS,
        "satisfaction_ratings": FRESHDESK_RATINGS,
    }
    folder = put(tmp_path / "dumps", {f"{name}.json": json.dumps(rows) for name, rows in answers.items()})
    proposed = Proposed(folder)
    assert proposed.is_complete
    assert "# conversations-0.json, conversations-1.json: conversations of Freshdesk in JSON" in proposed.text
    assert "# unsure: the first message of a ticket" in proposed.line("messages", "direction")
    assert "# words of status that nothing is known of: '6' (2)" in proposed.text
    report = ingested(folder, proposed)
    assert accepted(report) == {"conversations": 10, "messages": 40, "contacts": 4, "agents": 2, "ratings": 4}
    question = "select status, count(*), count(closed_at), min(len(tags)) from {rows} group by all"
    assert sorted(raw(report, folder, "conversations", question)) == [
        ("6", 2, 0, 2),
        ("closed", 4, 4, 2),
        ("in_progress", 4, 0, 2),
    ]
    question = "select channel, max(closed_at - started_at) from {rows} group by all"
    assert sorted(raw(report, folder, "conversations", question)) == [
        ("email", timedelta(hours=5)),
        ("outbound email", timedelta(hours=5)),
        ("phone", timedelta(hours=5)),
    ]
    question = "select direction, sender_type, private, count(*) from {rows} group by all"
    assert sorted(raw(report, folder, "messages", question)) == [
        ("inbound", "contact", False, 17),
        ("outbound", "agent", False, 13),
        ("outbound", "agent", True, 10),
    ]
    assert sorted(raw(report, folder, "ratings", "select rating from {rows}")) == [(1,), (3,), (4,), (5,)]
    assert raw(report, folder, "agents", "select count(name), count(email) from {rows}") == [(2, 2)]


def test_the_requesters_of_freshdesk_stand_in_its_tickets(tmp_path: Path) -> None:
    folder = put(tmp_path / "dumps", {"tickets.json": json.dumps(FRESHDESK_TICKETS)})
    assert accepted(ingested(folder, Proposed(folder))) == {"conversations": 10, "contacts": 10}


def test_tickets_of_hubspot(tmp_path: Path) -> None:
    folder = put(tmp_path / "dumps", {"tickets.json": json.dumps({"results": HUBSPOT_TICKETS})})
    proposed = Proposed(folder)
    assert "# tickets.json: tickets of HubSpot in JSON" in proposed.text
    assert "# words of status that nothing is known of: '1' (2), '2' (2)" in proposed.text
    report = ingested(folder, proposed)
    assert accepted(report) == {"conversations": 8}
    question = "select channel, agent_id, deleted, contact_id, count(closed_at) from {rows} group by all"
    assert sorted(raw(report, folder, "conversations", question)) == [
        ("CHAT", "910901", False, "1401", 3),
        ("CHAT", "910901", False, "1402", 2),
        ("CHAT", "910901", False, "1403", 2),
        ("CHAT", "910901", True, "1402", 1),
    ]


def test_threads_and_messages_of_hubspot(tmp_path: Path) -> None:
    answers = {"threads": {"results": HUBSPOT_THREADS}, "messages": {"results": HUBSPOT_MESSAGES}}
    folder = put(tmp_path / "dumps", {f"{name}.json": json.dumps(rows) for name, rows in answers.items()})
    proposed = Proposed(folder)
    assert proposed.is_complete
    assert "# unsure: what an integration or an AI agent sends" in proposed.line("messages", "sender_type")
    report = ingested(folder, proposed)
    assert accepted(report) == {"conversations": 6, "messages": 12}
    question = "select status, channel, agent_id, count(closed_at) from {rows} group by all"
    assert sorted(raw(report, folder, "conversations", question)) == [
        ("CLOSED", "live chat", "A-2620022", 3),
        ("in_progress", "1007", "A-2620022", 3),
    ]
    question = "select direction, sender_type, agent_id, type, status, count(*) from {rows} group by all"
    assert sorted(raw(report, folder, "messages", question)) == [
        ("inbound", "contact", "V-1401", "MESSAGE", "RECEIVED", 6),
        ("outbound", "agent", "A-2620022", "MESSAGE", "SENT", 6),
    ]
