"""Records of live systems: values found where they stand, changed types quarantined, what is new ignored."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.parsing import parser
from ingestion.raw import segments
from ingestion.source_kinds import KINDS, LIVE_KINDS, entities_of
from ingestion.sources.pull import Pull
from ingestion.storage.landing import BatchError, open_landed

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
EPOCH = int(datetime(2026, 1, 5, 8, tzinfo=UTC).timestamp())
MESSAGE = {"id": 1, "conversation_id": 2, "message_type": 0, "created_at": EPOCH}


def parsed(
    folder: Path, records: list[Any], entity: str = "messages", kind: str = "chatwoot"
) -> tuple[list[dict[str, Any]], list[tuple[int, str]]]:
    """What raw holds of records of a live system, and what it quarantines."""
    with Pull(folder / "landing", "acme", NOON) as pull:
        pull.write_lines(entity, [line if isinstance(line, bytes) else json.dumps(line).encode() for line in records])
        pull.commit("b1", NOON, {})
    connection = parser.connect()
    landed = open_landed("acme", folder / "landing" / "b1")
    segment, _ = segments.parse_segment(connection, [landed], folder / "raw", (1, 5), lambda _: None, kind)
    cursor = connection.execute(
        f"from ({segments.records([segment], entities_of(kind)[entity])}) where _reasons is null"
    )
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    bad = duckdb.sql(f"select line, reasons from '{segment.quarantine}' order by line").fetchall()
    return rows, bad


def test_values_are_found_where_they_stand(tmp_path: Path) -> None:
    sender = {"id": 7, "type": "contact", "name": "Zoë", "phone_number": "+33 1"}
    (row,), bad = parsed(
        tmp_path,
        [
            MESSAGE
            | {"sender": sender, "content_attributes": {"deleted": True, "automation_rule_id": 9}, "private": None}
        ],
    )
    assert not bad
    expected = {"message_id": "1", "conversation_id": "2", "message_type": "0", "sender_id": "7", "sender_name": "Zoë"}
    expected |= {"sender_type": "contact", "sender_phone": "+33 1", "automation_rule_id": "9"}
    assert {name: row[name] for name in expected} == expected
    assert row["deleted"] is True
    assert row["private"] is None
    assert row["created_at"] == datetime(2026, 1, 5, 8, tzinfo=UTC)


def test_lists_of_objects_give_what_is_asked_of_them(tmp_path: Path) -> None:
    conversation = {
        "id": "c1",
        "status": "NEW",
        "created_on": "2026-01-05T08:00:00.250000Z",
        "assigned": [{"id": 5, "first_name": "Al"}, {"id": 6}],
        "tags": [{"id": 1, "name": "vip"}, {"id": 2, "name": None}, {"id": 3}],
        "first_message": {"id": "wamid.1", "sent_by": {"id": 5}, "timestamp": str(EPOCH)},
    }
    rows, bad = parsed(
        tmp_path,
        [conversation, conversation | {"id": "c2", "assigned": [], "tags": [], "first_message": None}],
        "conversations",
        "activecampaign",
    )
    assert not bad
    assert [row["agent_id"] for row in rows] == ["5", None]
    assert [[tag for tag in row["tags"] if tag] for row in rows] == [["vip"], []]
    assert [row["first_message_sender_id"] for row in rows] == ["5", None]
    assert rows[0]["first_message_at"] == datetime(2026, 1, 5, 8, tzinfo=UTC)
    assert rows[0]["created_on"] == datetime(2026, 1, 5, 8, 0, 0, 250_000, tzinfo=UTC)


AC_CONVERSATION = {"id": "c1", "status": "NEW", "created_on": "2026-01-05T08:00:00Z"}
EXECUTION = {"id": "e1", "contact": "k1", "created_on": "2026-01-05T08:00:00Z"}


@pytest.mark.parametrize(
    ("entity", "kind", "record", "name", "shapes", "expected"),
    [
        ("conversations", "activecampaign", AC_CONVERSATION, "contact", ["k9", {"id": "k9", "tags": []}], "contact_id"),
        (
            "conversations",
            "activecampaign",
            AC_CONVERSATION,
            "assigned_team",
            [31, {"id": 31, "name": "Sales"}],
            "team",
        ),
        ("conversations", "activecampaign", AC_CONVERSATION, "channel", [4, "4", {"id": 4, "phone": "+52"}], "channel"),
        (
            "conversations",
            "activecampaign",
            AC_CONVERSATION,
            "assigned",
            [[12, 13], [{"id": 12}, {"id": 13}], ["12", {"id": 13}]],
            "agent_id",
        ),
        (
            "conversations",
            "activecampaign",
            AC_CONVERSATION,
            "first_message",
            [{"id": "m1", "sent_by": 6}, {"id": "m1", "sent_by": {"id": 6, "email": "a@x.example"}}],
            "first_message_sender_id",
        ),
        ("conversations", "activecampaign", AC_CONVERSATION, "first_message", ["m7", {"id": "m7"}], "first_message_id"),
        (
            "conversations",
            "activecampaign",
            AC_CONVERSATION,
            "tags",
            [["vip", "5"], [{"id": 1, "name": "vip"}, {"id": 5, "name": "5"}], [{"id": 1, "name": "vip"}, 5]],
            "tags",
        ),
        ("executions", "activecampaign", EXECUTION, "contact", ["k9", {"id": "k9", "phone": "+52"}], "contact_id"),
        ("executions", "activecampaign", EXECUTION, "flow", [77, {"id": 77, "name": "How was it"}], "flow_id"),
        (
            "conversations",
            "chatwoot",
            {"id": 1, "status": "open", "created_at": EPOCH},
            "meta",
            [{"sender": 8}, {"sender": {"id": 8, "name": "Zoë"}}],
            "contact_id",
        ),
        (
            "conversations",
            "chatwoot",
            {"id": 1, "status": "open", "created_at": EPOCH},
            "meta",
            [{"assignee": 3}, {"assignee": {"id": 3, "type": "user"}}],
            "assignee_id",
        ),
        (
            "conversations",
            "chatwoot",
            {"id": 1, "status": "open", "created_at": EPOCH},
            "meta",
            [{"team": 4}, {"team": {"id": 4, "name": "late"}}],
            "team_id",
        ),
        (
            "conversations",
            "chatwoot",
            {"id": 1, "status": "open", "created_at": EPOCH},
            "inbox_id",
            [2, {"id": 2, "name": "WhatsApp"}],
            "inbox_id",
        ),
        (
            "conversations",
            "chatwoot",
            {"id": 1, "status": "open", "created_at": EPOCH},
            "labels",
            [["vip", "late"], [{"id": 1, "title": "vip"}, {"id": 2, "title": "late"}]],
            "labels",
        ),
        ("messages", "chatwoot", MESSAGE, "sender", [9, {"id": 9, "type": "user"}], "sender_id"),
        ("messages", "chatwoot", MESSAGE, "conversation_id", [5, {"id": 5}], "conversation_id"),
        ("ratings", "chatwoot", {"id": 1, "conversation_id": 2}, "message_id", [5, {"id": 5}], "message_id"),
    ],
)
def test_a_reference_comes_as_an_id_or_as_an_object_that_holds_it(
    tmp_path: Path, entity: str, kind: str, record: dict[str, Any], name: str, shapes: list[Any], expected: str
) -> None:
    records = [record | {"id": number, name: shape} for number, shape in enumerate(shapes)]
    rows, bad = parsed(tmp_path, records, entity, kind)
    assert not bad
    found = [row[expected] for row in rows]
    assert found == [found[0]] * len(shapes)
    assert found[0]


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("contact", {"uuid": "k1"}),
        ("contact", ["k1"]),
        ("contact", True),
        ("contact", {"id": {"value": "k1"}}),
        ("assigned_team", 1.5),
        ("assigned", [["k1"]]),
        ("assigned", [{"email": "a@x.example"}]),
        ("tags", [{"label": "vip"}]),
        ("tags", [[1]]),
        ("first_message", [1]),
        ("first_message", {"id": "m1", "sent_by": ["6"]}),
    ],
)
def test_a_reference_that_is_neither_costs_its_record_alone(tmp_path: Path, name: str, reference: object) -> None:
    rows, bad = parsed(
        tmp_path,
        [AC_CONVERSATION, AC_CONVERSATION | {"id": "c2", name: reference}, AC_CONVERSATION | {"id": "c3"}],
        "conversations",
        "activecampaign",
    )
    assert [row["conversation_id"] for row in rows] == ["c1", "c3"]
    assert [line for line, _ in bad] == [2]


@pytest.mark.parametrize("nothing", [None, "", [], {"id": None}])
def test_a_reference_may_be_to_nothing(tmp_path: Path, nothing: object) -> None:
    name = "assigned" if nothing == [] else "contact"
    (row,), bad = parsed(tmp_path, [AC_CONVERSATION | {name: nothing}], "conversations", "activecampaign")
    assert not bad
    assert (row["contact_id"], row["agent_id"]) == (None, None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (EPOCH, "2026-01-05T08:00:00+00:00"),
        (EPOCH + 0.123456, "2026-01-05T08:00:00.123456+00:00"),
        (str(EPOCH), "2026-01-05T08:00:00+00:00"),
        ("2026-01-05T10:00:00+02:00", "2026-01-05T08:00:00+00:00"),
        (0, None),
        ("0", None),
        ("0000-00-00", None),
        ("", None),
        (None, None),
    ],
)
def test_instants_come_in_several_shapes(tmp_path: Path, value: object, expected: str | None) -> None:
    record = {"id": 1, "status": "open", "created_at": EPOCH, "updated_at": value}
    (row,), bad = parsed(tmp_path, [record], "conversations")
    assert not bad
    assert row["updated_at"] == (expected and datetime.fromisoformat(expected))


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        ({"created_at": "yesterday"}, ["created_at: neither an instant nor unix seconds"]),
        ({"created_at": "2026-01-05T08:00:00"}, ["created_at: neither an instant nor unix seconds"]),
        ({"created_at": 0}, ["created_at: missing"]),
        ({"created_at": EPOCH * 10}, ["created_at: later than the extraction of its batch"]),
        ({"id": {"value": 1}}, ["message_id: neither text nor a whole number"]),
        ({"id": 1.5}, ["message_id: neither text nor a whole number"]),
        ({"private": "maybe"}, ["private: neither true nor false"]),
        ({"sender": [1]}, ["sender_id: neither text nor a whole number", "sender_type: no text"]),
        ({"content_attributes": "none"}, ["deleted: neither true nor false"]),
        ({"conversation_id": None}, ["conversation_id: missing"]),
    ],
)
def test_what_has_changed_its_type_is_quarantined(tmp_path: Path, change: dict[str, Any], reasons: list[str]) -> None:
    rows, bad = parsed(tmp_path, [MESSAGE | {"id": 2}, MESSAGE | change])
    assert len(rows) == 1
    ((line, why),) = bad
    assert line == 2
    for reason in reasons:
        assert reason in why


@pytest.mark.parametrize(
    ("entity", "kind", "change", "reason"),
    [
        ("conversations", "chatwoot", {"labels": "vip"}, "labels: no list of text"),
        ("conversations", "chatwoot", {"labels": [{"name": "vip"}]}, "labels: no list of text"),
        ("conversations", "chatwoot", {"meta": "none"}, "contact_id: neither text nor a whole number"),
        ("conversations", "activecampaign", {"tags": "vip"}, "tags: no list of text"),
        ("conversations", "activecampaign", {"assigned": {"id": 5}}, "agent_id: neither text nor a whole number"),
    ],
)
def test_what_has_another_shape_is_quarantined(
    tmp_path: Path, entity: str, kind: str, change: dict[str, Any], reason: str
) -> None:
    good = {"id": 1, "status": "open", "created_at": EPOCH, "created_on": "2026-01-05T08:00:00Z"}
    rows, bad = parsed(tmp_path, [good, good | {"id": 2} | change], entity, kind)
    assert len(rows) == 1
    assert reason in bad[0][1]


def test_what_is_no_record_is_quarantined(tmp_path: Path) -> None:
    rows, bad = parsed(tmp_path, [MESSAGE, b'{"id": 3, "half', b'["no", "object"]', b'{"id": "\xff"}'])
    assert len(rows) == 1
    assert [line for line, _ in bad] == [2, 3, 4]


def test_what_is_new_is_ignored(tmp_path: Path) -> None:
    rows, bad = parsed(tmp_path, [MESSAGE | {"sentiment": {"score": [1]}, "sender": {"mood": None}}])
    assert len(rows) == 1 and not bad


def test_texts_of_people_are_not_kept(tmp_path: Path) -> None:
    rows, _ = parsed(
        tmp_path,
        [
            MESSAGE | {"content": "my secret"},
            MESSAGE | {"id": 2, "message_type": 2, "content": "Conversation was marked resolved by Al"},
        ],
    )
    assert [row["activity"] for row in rows] == [None, "Conversation was marked resolved by Al"]
    assert "my secret" not in str(rows)


def test_a_required_value_that_vanished_refuses_the_batch(tmp_path: Path) -> None:
    gone = {name: value for name, value in MESSAGE.items() if name != "created_at"}
    with pytest.raises(BatchError, match=r"none of the 2 messages has 'created_at' any more.*check-source"):
        parsed(tmp_path, [gone, gone | {"id": 2}])


def test_a_required_value_that_only_some_lack_is_quarantined(tmp_path: Path) -> None:
    gone = {name: value for name, value in MESSAGE.items() if name != "created_at"}
    rows, bad = parsed(tmp_path, [gone, MESSAGE | {"id": 2}, MESSAGE | {"id": 3, "created_at": None}])
    assert len(rows) == 1
    assert [why for _, why in bad] == ["created_at: missing"] * 2


def test_no_value_is_kept_twice_and_every_path_is_readable() -> None:
    for kind in LIVE_KINDS:
        for name, entity in entities_of(kind).items():
            assert entity.name == name and name.isalpha() and name.islower(), "files are named by their entity"
            columns = [column.name for column in entity.columns]
            assert len(set(columns)) == len(columns)
            assert entity.columns[0].required
    assert set(KINDS) == {"export", "files", *LIVE_KINDS}
