"""What a drop folder delivers that is not understood is said, and past a limit not accepted."""

from __future__ import annotations

import os
import shutil
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion import decisions
from ingestion.export_format import CONVERSATIONS, ENTITIES
from ingestion.manifest_writer import UnfinishedError, write_manifest
from ingestion.parsing.names import columns_of, near_names, plain
from tests.drops import Row, conversation, event, flow_run, message, write_files
from tests.ingestion.test_ingest import Place

NOW = datetime(2026, 1, 6, tzinfo=UTC)


def talk(number: int, sender: str | None = "agent", agent: str | None = "a1") -> dict[str, list[Row]]:
    """So many conversations, each with one outbound message of a sender."""
    return {
        "conversations": [conversation(f"c{one}") for one in range(number)],
        "messages": [
            message(f"m{one}", f"c{one}", direction="outbound", sender_type=sender, agent_id=agent)
            for one in range(number)
        ],
    }


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def with_source(place: Place, quality: str = "", **more: Any) -> Place:
    source = {"name": "acme_export", "kind": "export", "account": "acme", "path": "drop", **more}
    place.configure(sources=[source], extra=f"[quality]\n{quality}" if quality else "")
    return place


# --- words


@pytest.mark.parametrize("column", ["sender_type", "origin"])
@pytest.mark.parametrize(
    ("unknown", "known", "status"),
    [(11, 0, "refused"), (10, 0, "accepted"), (11, 1089, "accepted"), (11, 1088, "refused")],
)
def test_unknown_words_past_both_limits_refuse_their_batch(
    place: Place, column: str, unknown: int, known: int, status: str
) -> None:
    batch = talk(unknown + known)
    for row in batch["messages"][:unknown]:
        row[column] = " Staff "
    place.batch("b1", batch)
    report = place.run()
    assert place.statuses() == {"b1": status}
    words = f"{unknown:,} of {unknown + known:,} messages have an unknown {column}: 'staff' ({unknown})"
    said = report.refusals if status == "refused" else report.warnings
    assert [line for line in said if words in line and "known are " in line]
    assert (f"known_words = {{ {column} = [...] }}" in "".join(report.refusals)) is (status == "refused")


def test_words_that_are_meant_are_passed_over(place: Place) -> None:
    place.batch("b1", talk(20, "Integration"))
    assert place.run().having("refused")
    with_source(place, known_words={"sender_type": ["integration"]})
    report = place.run()
    assert place.statuses() == {"b1": "accepted"}
    assert report.warnings == []


def test_known_words_are_compared_trimmed_and_without_regard_to_case(place: Place) -> None:
    batch = talk(20, "\u00a0AGENT ")
    batch["messages"][0]["sender_type"] = None
    batch["messages"][1]["sender_type"] = ""
    place.batch("b1", batch)
    assert place.run().warnings == []


def test_unknown_events_are_a_warning(place: Place) -> None:
    rows = talk(20) | {"events": [event(f"e{one}", f"c{one}", type="Solved") for one in range(20)]}
    place.batch("b1", rows)
    (warning,) = place.run().warnings
    assert "20 of 20 events have an unknown event_type: 'solved' (20); known are assigned, handoff" in warning
    assert place.statuses() == {"b1": "accepted"}


def test_unknown_states_of_flow_runs_are_a_warning(place: Place) -> None:
    rows = talk(20) | {"flow_runs": [flow_run(f"f{one}", status="Paused") for one in range(20)]}
    place.batch("b1", rows)
    (warning,) = place.run().warnings
    assert "20 of 20 flow_runs have an unknown flow_status: 'paused' (20); known are ready, running" in warning
    assert place.statuses() == {"b1": "accepted"}
    with_source(place, known_words={"flow_status": ["paused"]}).batch("b2", {"flow_runs": rows["flow_runs"]})
    assert place.run().warnings == []


def test_runs_of_flows_are_no_orphans(place: Place) -> None:
    runs = [flow_run(f"f{one}", conversation_id=f"nobody's {one}", contact_id="nobody") for one in range(20)]
    place.batch("b1", {"flow_runs": runs})
    assert place.run().warnings == []
    assert place.statuses() == {"b1": "accepted"}


def test_of_two_batches_parsed_together_only_one_is_refused(place: Place) -> None:
    place.batch("b1", talk(20))
    place.batch("b2", {"messages": [message(f"x{one}", "c1", sender_type="staff") for one in range(20)]})
    place.run()
    assert place.statuses() == {"b1": "accepted", "b2": "refused"}


def test_an_operator_can_accept_them(place: Place) -> None:
    place.batch("b1", talk(20, "staff"))
    place.run()
    decisions.accept(place.settings, "acme_export", "b1", "meant", NOW)
    report = place.run()
    assert place.statuses() == {"b1": "accepted"}
    assert "accepted by an operator, else it would be refused" in report.warnings[-1]


# --- columns


@pytest.mark.parametrize("file_format", ["ndjson", "csv", "parquet"])
@pytest.mark.parametrize("gz", [True, False])
def test_an_unread_column_near_a_missing_one_is_named(place: Place, file_format: str, gz: bool) -> None:
    rows = [{"conversation_id": "c1", "started_at": "2026-01-02T08:00:00Z", "closed": "x", "Assignee": "y", "fun": "z"}]
    place.batch("b1", {"conversations": rows}, file_format=file_format, gz=gz and file_format != "parquet")
    warnings = place.run().warnings
    assert [line for line in warnings if "'closed' of conversations is not read, and 'closed_at' is missing" in line]
    assert [line for line in warnings if "'Assignee' of conversations is not read, and 'agent_id' is missing" in line]
    assert len(warnings) == 2


def test_a_name_that_is_read_is_not_near_another() -> None:
    names = [column.name for column in CONVERSATIONS.columns]
    assert near_names([*names, "closed", "labels"], CONVERSATIONS) == []
    assert near_names(["conversation_id", "Début", "tag", "startedAt"], CONVERSATIONS) == [
        ("tag", "tags"),
        ("startedAt", "started_at"),
    ]


def test_each_column_is_near_itself_in_other_spellings() -> None:
    for entity in ENTITIES.values():
        for column in entity.columns:
            spelled = column.name.replace("_", " ").title()
            assert plain(spelled) == column.name
            assert near_names([spelled], entity) == [(spelled, column.name)]


# --- agents


def test_messages_that_never_have_an_agent_are_a_warning(place: Place) -> None:
    place.batch("b1", talk(3, agent=None))
    (warning,) = place.run().warnings
    assert "none of its outbound messages has an agent_id" in warning
    assert "no_agents = true" in warning


def test_one_agent_ever_is_enough(place: Place) -> None:
    place.batch("b1", talk(1))
    place.batch("b2", talk(3, agent=None))
    assert place.run().warnings == []


def test_that_there_are_no_agents_can_be_meant(place: Place) -> None:
    with_source(place, no_agents=True).batch("b1", talk(3, agent=None))
    assert place.run().warnings == []


# --- orphans


def orphaned(number: int, known: int = 0) -> dict[str, list[Row]]:
    """Messages of conversations that are called otherwise, beside others that are well."""
    rows = talk(number + known)
    for row in rows["messages"][:number]:
        row["conversation_id"] = f"{row['conversation_id']}.0"
    return rows


@pytest.mark.parametrize(
    ("orphans", "known", "status"),
    [(11, 0, "refused"), (10, 0, "accepted"), (11, 44, "accepted"), (11, 43, "refused")],
)
def test_too_many_orphans_hold_new_batches_back(place: Place, orphans: int, known: int, status: str) -> None:
    place.batch("b1", orphaned(orphans, known))
    report = place.run()
    assert place.statuses() == {"b1": status}
    if status == "refused":
        (reason,) = report.refusals
        assert f"{orphans} of {orphans + known} messages belong to no conversation that was delivered" in reason
        assert "conversation_id 'c0.0', and a conversation is called 'c0'" in reason
        assert "causerie accept acme_export b1" in reason


def test_all_batches_of_the_run_count_together(place: Place) -> None:
    """Messages may come before their conversations."""
    rows = talk(20)
    place.batch("b1", {"messages": rows["messages"]})
    place.batch("b2", {"conversations": rows["conversations"]})
    assert place.run().refusals == []
    assert place.statuses() == {"b1": "accepted", "b2": "accepted"}


def test_what_is_held_back_is_looked_at_again_with_what_comes(place: Place) -> None:
    rows = talk(20)
    place.batch("b0", {"agents": [{"agent_id": "a1"}]})
    place.run()
    place.batch("b1", {"messages": rows["messages"]})
    place.batch("b2", {"agents": [{"agent_id": "a2"}]})
    report = place.run()
    assert place.statuses() == {"b0": "accepted", "b1": "refused", "b2": "waiting"}
    assert "no conversation has been delivered" in report.refusals[0]
    place.batch("b3", {"conversations": rows["conversations"]})
    assert place.run().refusals == []
    assert set(place.statuses().values()) == {"accepted"}


def test_orphans_of_a_run_that_was_killed_before_the_count_are_counted_by_the_next(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise SystemExit

    place.batch("b1", orphaned(30))
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr("ingestion.ingest.orphans", killed)
        place.run()
    assert place.statuses() == {"b1": "accepted"}
    place.batch("b2", {"agents": [{"agent_id": "a1"}]})
    report = place.run()
    assert place.statuses() == {"b1": "refused", "b2": "waiting"}
    assert "30 of 30 messages belong to no conversation" in report.refusals[0]


def test_an_operator_can_accept_orphans_and_later_good_batches_pass(place: Place) -> None:
    place.batch("b1", orphaned(30))
    place.run()
    decisions.accept(place.settings, "acme_export", "b1", "meant", NOW)
    report = place.run()
    assert place.statuses() == {"b1": "accepted"}
    assert "accepted by an operator, else held back" in report.warnings[-1]
    place.batch("b2", {"messages": [message(f"n{one}", "c1") for one in range(30)]})
    assert place.run().refusals == []
    place.batch("b3", {"messages": [message(f"o{one}", "c1.0") for one in range(30)]})
    assert len(place.run().refusals) == 1


def test_another_source_goes_on(place: Place) -> None:
    sources = [
        {"name": name, "kind": "export", "account": "acme", "path": name} for name in ("acme_export", "other_export")
    ]
    place.configure(sources=sources)
    place.drop = place.folder / "acme_export"
    place.batch("b1", orphaned(30))
    place.drop = place.folder / "other_export"
    place.batch("b1", talk(30))
    first, second = place.run_all()
    assert len(first.refusals) == 1
    assert [entry.status for entry in second.entries] == ["accepted"]


# --- lists


def test_tags_that_are_joined_by_commas_are_a_warning(place: Place) -> None:
    rows = [conversation("c1", tags=["vip, refund"]), conversation("c2", tags=["vip", "a,b"])]
    place.batch("b1", {"conversations": rows}, file_format="csv")
    (warning,) = place.run().warnings
    assert "1 conversations have one of tags with commas in it, such as 'vip, refund'" in warning


# --- headers


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            "Ticket ID,Created,Status\n1,2,3\n",
            "no column 'conversation_id' and no column 'started_at', which conversations require; its columns are"
            " Ticket ID, Created, Status; 'Ticket ID' seems to be conversation_id; 'Created' seems to be started_at",
        ),
        ("conversation_id;started_at\n1;2\n", "its columns seem to be separated by semicolons"),
        ("conversation_id\tstarted_at\n1\t2\n", "its columns seem to be separated by tabs"),
        ("Conversation_ID, started_at\n1,2\n", "'Conversation_ID' seems to be conversation_id"),
    ],
)
def test_a_header_without_required_columns_is_explained(place: Place, content: str, words: str) -> None:
    write_files(place.drop / "b1", {"conversations.csv": content.encode()}, {"conversations.csv": 1})
    (reason,) = place.run().refusals
    assert words in reason


def test_utf_16_is_recognized(place: Place) -> None:
    content = "conversation_id,started_at\r\n1,2\r\n".encode("utf-16")
    write_files(place.drop / "b1", {"conversations.csv": content}, {"conversations.csv": 1})
    (reason,) = place.run().refusals
    assert "it seems to be UTF-16: write UTF-8" in reason


def test_wrong_instants_come_with_an_example_of_a_good_one(place: Place) -> None:
    place.batch("b1", {"conversations": [conversation(f"c{one}", started_at="31/12/2025") for one in range(20)]})
    (reason,) = place.run().refusals
    assert "20 for 'started_at: no instant' (wanted is 2026-01-05T14:30:00+01:00, or Z for UTC)" in reason


# --- what lies in the drop folder


def test_a_folder_without_a_manifest_and_single_files_are_named_at_each_run(place: Place) -> None:
    place.batch("b1", talk(1), manifest=False)
    (place.drop / "tickets.csv").touch()
    (place.drop / ".hidden").touch()
    for _ in range(2):
        folder, files = place.run().warnings
        assert f"{place.drop / 'b1'} has no manifest.json and is not read; it has not changed for 0:00" in folder
        assert f"causerie manifest {place.drop / 'b1'}" in folder
        assert "1 file lies beside the batches and is not read (tickets.csv)" in files
    assert place.statuses() == {}


def test_a_file_of_no_entity_names_the_near_one(place: Place) -> None:
    write_files(place.drop / "b1", {"tickets.csv": b"", "notes.txt": b""}, {"tickets.csv": 0, "notes.txt": 0})
    notes, tickets = sorted(place.run().warnings)
    assert "if it holds conversations, call it 'conversations…'" in tickets
    assert "if it holds" not in notes


def test_content_that_changed_after_it_was_accepted_is_named_at_each_run(place: Place) -> None:
    place.batch("b1", talk(3))
    assert place.run().warnings == []
    (place.drop / "b1" / "messages.ndjson").touch()
    assert place.run().warnings == []
    os.utime(place.drop / "b1" / "messages.ndjson", (0, 0))
    for changed, files in ((talk(3, agent="a2"), "manifest.json, messages.ndjson"), (talk(3), "")):
        place.batch("b1", changed)
        for _ in range(2):
            warnings = place.run().warnings
            assert [line for line in warnings if "in the drop folder is not what was accepted" in line] == (
                [line for line in warnings if line.startswith("acme_export b1: ")] if files else []
            )
            assert len(warnings) == (1 if files else 0)
    shutil.rmtree(place.drop / "b1")
    assert place.run().warnings == []


def test_setting_aside_is_about_what_was_accepted(place: Place) -> None:
    place.batch("b1", talk(3))
    place.run()
    place.batch("b1", talk(2))
    decisions.reject(place.settings, "acme_export", "b1", "wrong", NOW)
    place.run()
    assert place.counts("conversations")["b1"].landed == 2  # delivered again since
    decisions.reject(place.settings, "acme_export", "b1", "wrong again", NOW)
    place.run()
    assert place.statuses() == {"b1": "set aside"}


# --- the manifest


@pytest.mark.parametrize("file_format", ["ndjson", "csv", "parquet"])
def test_a_manifest_is_written_for_a_batch_that_has_none(place: Place, file_format: str) -> None:
    folder = place.batch("b1", talk(3), file_format=file_format, manifest=False)
    (folder / "tickets.txt").touch()
    at, rows, left_out = write_manifest(folder, datetime(2026, 1, 5, 2, tzinfo=UTC))
    assert rows == {f"conversations.{file_format}": 3, f"messages.{file_format}": 3}
    assert "call it 'conversations…'" in left_out[0]
    assert place.run().refusals == []
    assert place.entries()["b1"].extracted_at == at
    with pytest.raises(UnfinishedError, match="is there already"):
        write_manifest(folder)


def test_by_default_a_batch_was_extracted_when_its_newest_file_was_written(place: Place) -> None:
    folder = place.batch("b1", talk(1), manifest=False)
    os.utime(folder / "conversations.ndjson", (1_700_000_000, 1_700_000_000))
    os.utime(folder / "messages.ndjson", (1_600_000_000, 1_600_000_000))
    assert write_manifest(folder)[0].timestamp() == 1_700_000_000


def test_no_manifest_is_written_without_a_file_that_could_be_read(place: Place) -> None:
    write_files(place.drop / "b1", {"tickets.csv": b"a\n"}, {}, manifest=False)
    with pytest.raises(UnfinishedError, match="if it holds conversations, call it"):
        write_manifest(place.drop / "b1")


# --- what must not happen meanwhile


def test_orphans_of_several_entities_hold_back_once_with_each_reason(place: Place) -> None:
    rows = orphaned(30)
    rows["events"] = [event(f"e{one}", f"c{one}.0") for one in range(30)]
    place.batch("b1", rows)
    place.batch("b2", {"agents": [{"agent_id": "a1"}]})
    report = place.run()
    assert [(entry.batch, entry.status) for entry in report.entries] == [("b1", "refused"), ("b2", "waiting")]
    messages, events, waiting = report.refusals
    assert "30 of 30 messages belong to no conversation" in messages
    assert "30 of 30 events belong to no conversation" in events
    assert "1 later batch waits" in waiting
    assert place.entries()["b1"].reasons == (messages, events)


def test_a_file_that_vanishes_while_a_folder_is_looked_at_stops_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.batch("b0", talk(1), manifest=False)
    place.batch("b1", talk(1))
    listed = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda at: [*listed(at), *([at / "gone"] if at.name == "b0" else [])])
    report = place.run()
    assert report.failure is None
    assert place.statuses() == {"b1": "accepted"}
    assert "has no manifest.json" in report.warnings[0]


@pytest.mark.parametrize("kind", ["pipe", "link out", "folder"])
def test_what_took_the_place_of_an_accepted_file_is_named_and_not_opened(
    place: Place, tmp_path: Path, kind: str
) -> None:
    place.batch("b1", talk(1))
    place.run()
    path = place.drop / "b1" / "messages.ndjson"
    (tmp_path / "outside").write_bytes(path.read_bytes())
    path.unlink()
    {"pipe": os.mkfifo, "link out": lambda at: at.symlink_to(tmp_path / "outside"), "folder": Path.mkdir}[kind](path)
    (warning,) = place.run().warnings
    assert "messages.ndjson in the drop folder is not what was accepted" in warning


@pytest.mark.parametrize("ending", ["csv", "ndjson"])
def test_no_more_than_the_beginning_of_a_long_line_is_looked_at_for_names(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"conversations.{ending}"
    with path.open("w") as file:
        for _ in range(64):
            file.write("x" * (1 << 20))
    with duckdb.connect() as connection:
        tracemalloc.start()
        columns_of(connection, path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 16 << 20
