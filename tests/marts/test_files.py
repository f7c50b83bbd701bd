"""The marts of files in the words of a helpdesk are those of the same records in the export format."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ingestion.export_format import ENTITIES
from ingestion.proposals.proposal import proposal
from tests import oracle
from tests.comparison import KEYS, Marts, differences
from tests.drops import Row, agent, conversation, message, toml, write_batch, write_config
from tests.real_data import REAL_DATA, config_for_real_data
from tests.warehouse import build_marts

ZONE = ZoneInfo("Europe/Paris")
START = datetime(2026, 3, 1, 8, tzinfo=UTC)
EXTRACTED_AT = datetime(2026, 4, 20, tzinfo=UTC)
SENDERS = {"contact": "customer", "agent": "staff", "bot": "robot"}
LOCAL = {"format": "%d/%m/%Y %H:%M", "timezone": "Europe/Paris"}
MAPPED = {
    "conversations": {
        "files": "tickets*.csv",
        "columns": {"conversation_id": "Ticket", "contact_id": "Requester", "agent_id": "Assignee"},
        "started_at": {"column": "Created", **LOCAL},
        "closed_at": {"column": "Solved", **LOCAL},
        "status": {"column": "Status", "values": {"Solved": "closed"}},
        "tags": {"column": "Labels", "separator": ","},
    },
    "messages": {
        "files": "comments*.csv",
        "columns": {"message_id": "id", "conversation_id": "ticket", "agent_id": "author"},
        "sent_at": {"column": "at", "format": "epoch_ms"},
        "direction": {"column": "kind", "values": {"staff": "outbound", "robot": "outbound", "customer": "inbound"}},
        "sender_type": {"column": "kind", "values": {word: ours for ours, word in SENDERS.items()}},
    },
    "agents": {"files": "tickets*.csv", "columns": {"agent_id": "Assignee", "name": "Assignee name"}},
}


def history() -> dict[str, list[Row]]:
    """300 conversations over the change of the clocks, with 8 messages each: of contacts, bots and agents."""
    found: dict[str, list[Row]] = {"conversations": [], "messages": [], "agents": []}
    for number in range(300):
        started = START + timedelta(hours=3 * number, minutes=number % 60)
        who = f"a{number % 7}" if number % 5 else None
        found["conversations"].append(
            conversation(
                f"{5000 + number}",
                started_at=started.isoformat(),
                closed_at=(started + timedelta(hours=5)).isoformat() if number % 3 else None,
                status="closed" if number % 3 else None,
                agent_id=who,
                contact_id=f"k{number % 90}",
                tags=[["refund", "vip"], ["vip"], []][number % 3],
            )
        )
        for nth in range(8):
            sender = ("contact", "bot", "contact", "agent")[nth % 4]
            found["messages"].append(
                message(
                    f"{number}-{nth}",
                    f"{5000 + number}",
                    sent_at=(started + timedelta(seconds=411 * nth)).isoformat(),
                    direction="inbound" if sender == "contact" else "outbound",
                    sender_type=sender,
                    agent_id=who if sender == "agent" else None,
                )
            )
    found["agents"] = [agent(f"a{number}", name=f"Agent {number}") for number in range(7)]
    return found


def as_helpdesk(of: dict[str, list[Row]]) -> dict[str, list[list[str]]]:
    """The same in the helpdesk's columns and words."""

    def local(text: str | None) -> str:
        return f"{datetime.fromisoformat(text).astimezone(ZONE):%d/%m/%Y %H:%M}" if text else ""

    tickets = [["Ticket", "Requester", "Assignee", "Assignee name", "Created", "Solved", "Status", "Labels"]]
    for row in of["conversations"]:
        who = row["agent_id"] or ""
        times = local(row["started_at"]), local(row["closed_at"])
        status = "Solved" if row["status"] else ""
        whose = row["contact_id"], who, who.replace("a", "Agent ")
        tickets.append([f"{row['conversation_id']}.0", *whose, *times, status, ", ".join(row["tags"])])
    comments = [["id", "ticket", "author", "at", "kind"]]
    for row in of["messages"]:
        at = round(datetime.fromisoformat(row["sent_at"]).timestamp() * 1000)
        ids = row["message_id"], row["conversation_id"], row["agent_id"] or ""
        comments.append([*ids, str(at), SENDERS[row["sender_type"]]])
    return {"tickets": tickets, "comments": comments}


def deliver(folder: Path, name: str, rows: list[list[str]], at: datetime) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";").writerows(rows)
    (folder / name).write_bytes(out.getvalue().encode("cp1252"))
    os.utime(folder / name, (at.timestamp(), at.timestamp()))


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Marts:
    """By plain Python, from the export format."""
    folder = tmp_path_factory.mktemp("export")
    config = write_config(folder, sources=[{"name": "desk", "kind": "export", "account": "acme", "path": "drop"}])
    write_batch(folder / "drop" / "b1", history(), EXTRACTED_AT.isoformat())
    build_marts(config)
    return oracle.compute(config)


@pytest.mark.parametrize("runs", [1, 3])
def test_the_marts_are_those_of_the_export_format(tmp_path: Path, expected: Marts, runs: int) -> None:
    source = {"name": "desk", "kind": "files", "account": "acme", "path": "dumps", **MAPPED}
    config = write_config(tmp_path, sources=[source])
    (tmp_path / "dumps").mkdir()
    tables = as_helpdesk(history())
    for run in range(runs):
        for name, (header, *rows) in tables.items():
            part = rows[run * len(rows) // runs : (run + 1) * len(rows) // runs]
            at = EXTRACTED_AT - timedelta(minutes=runs - 1 - run)
            deliver(tmp_path / "dumps", f"{name}-{run}.csv", [header, *part], at)
        found = build_marts(config, incremental=run > 0)
    for mart in KEYS:
        assert differences(mart, expected[mart], found[mart]) == []


def test_so_are_those_by_the_mapping_that_is_proposed(tmp_path: Path, expected: Marts) -> None:
    (tmp_path / "dumps").mkdir()
    for name, rows in as_helpdesk(history()).items():
        deliver(tmp_path / "dumps", f"{name}.csv", rows, EXTRACTED_AT)
    proposed, is_complete = proposal(tmp_path / "dumps", "desk", "acme", "Europe/Paris")
    assert is_complete
    config = write_config(tmp_path, sources=[], extra=proposed.replace(f'"{tmp_path}/', '"'))
    found = build_marts(config)
    for mart in KEYS:
        assert differences(mart, expected[mart], found[mart]) == []


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="the real conversations are not beside this checkout")
def test_real_conversations_as_files(tmp_path: Path) -> None:
    """Each file of the drop under a name of its own, as old as its batch, and each column as itself."""
    for folder in ("export", "files/dumps"):
        (tmp_path / folder).mkdir(parents=True)
    exported = config_for_real_data(tmp_path / "export")
    columns: dict[str, set[str]] = {}
    for batch in sorted((REAL_DATA / "drop").iterdir()):
        at = datetime.fromisoformat(json.loads((batch / "manifest.json").read_text())["extracted_at"]).timestamp()
        for file in batch.glob("*.ndjson.gz"):
            entity = file.name.partition(".")[0]
            copy = tmp_path / "files" / "dumps" / f"{entity}-{batch.name}.ndjson.gz"
            shutil.copyfile(file, copy)
            os.utime(copy, (at, at))
            with gzip.open(file, "rt") as lines:
                columns.setdefault(entity, set()).update(*map(json.loads, lines))
    text = exported.read_text().replace('kind = "export"', 'kind = "files"')
    text = text.replace(str(REAL_DATA / "drop"), "dumps")
    for entity, names in columns.items():
        same = {column.name: column.name for column in ENTITIES[entity].columns if column.name in names}
        text += f"[sources.{entity}]\nfiles = '{entity}-*'\ncolumns = {toml(same)}\n"
    mapped = tmp_path / "files" / "causerie.toml"
    mapped.write_text(text)
    expected, found = build_marts(exported), build_marts(mapped)
    for mart in KEYS:
        assert differences(mart, expected[mart], found[mart]) == []
