"""The world, its server, the archive and the export of the same: that what connectors are held against holds itself."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.drops import write_config
from tests.live.activecampaign import World, instant, person
from tests.live.activecampaign_api import TOKEN, Api, serve
from tests.live.activecampaign_export import QUALITY, Run, look, to_export, write_export
from tests.live.activecampaign_life import random_world
from tests.live.meta import CALM, Habits, deliveries, read_archive, write_archive
from tests.live.server import Fault, Faults
from tests.warehouse import BUILD, build_marts, quarantine


def get(server: Api, target: str, token: str | None = TOKEN) -> Any:
    """The decoded body; ``target`` is an absolute address or what follows the base."""
    address = target if target.startswith("http") else server.base_url + target
    headers = {} if token is None else {"Authorization": f"Token {token}"}
    with urlopen(Request(address, headers=headers), timeout=5) as answer:
        return json.load(answer)


def refusal(server: Api, target: str, **options: Any) -> int:
    with pytest.raises(HTTPError) as caught:
        get(server, target, **options)
    with caught.value as error:
        return error.code


def read_all(server: Api, target: str) -> list[Any]:
    """A list by its ``next`` links, without any care for what moves."""
    rows = []
    while target:
        body = get(server, target)
        rows += body["results"]
        target = body["next"]
    return rows


def full_world(conversations: int = 7) -> World:
    world = World("2026-01-05T08:00:00Z")
    world.member(7, "Ana", "Silva", "ana@acme.example")
    for number in range(conversations):
        world.advance(60)
        world.contact(f"k{number}", phone=f"+34 600 00 00 0{number}")
        world.conversation(f"c{number}", f"k{number}")
    return world


# ---------------------------------------------------------------------------------------------------------
# The server
# ---------------------------------------------------------------------------------------------------------


def test_pages() -> None:
    world = full_world()
    with serve(world) as server:
        first = get(server, "/inbox/conversation?page_size=3")
        assert (first["count"], first["previous"], len(first["results"])) == (7, None, 3)
        assert first["next"] == f"{server.base_url}/inbox/conversation?page_size=3&page=2"
        rows = read_all(server, "/inbox/conversation?page_size=3")
        assert [row["id"] for row in rows] == ["c6", "c5", "c4", "c3", "c2", "c1", "c0"]
        assert rows == world.snapshot().conversations
        assert get(server, "/account-member") == [person(7, "Ana", "Silva", "ana@acme.example") | {"role": "AGENT"}]
        assert get(server, "/flow-execution-contact") == {"count": 0, "next": None, "previous": None, "results": []}
        assert len(read_all(server, "/contact?page_size=2")) == 7
        assert len(server.server.asked("/inbox/conversation")) == 4
        assert server.pages("contacts") == {1: 1, 2: 1, 3: 1, 4: 1}
        assert server.missed() == []


def test_what_is_not_there() -> None:
    with serve(full_world(), base_path="/api/3/channel/whatsapp") as server:
        assert "/api/3/channel/whatsapp" in server.base_url
        assert refusal(server, "/contact/") == 404
        assert refusal(server, "/nothing") == 404
        assert refusal(server, "/contact?page=9") == 404
        assert refusal(server, f"{server.server.url}/api/contact") == 404


def test_the_token_is_needed() -> None:
    with serve(full_world()) as server:
        assert refusal(server, "/contact", token=None) == 401
        assert refusal(server, "/contact", token="wrong") == 401
        assert get(server, "/contact")["count"] == 7
        assert server.server.statuses == [401, 401, 200]


def between(happen: Callable[[int], object]) -> Faults:
    """Nothing goes wrong, but something happens before each request is answered."""

    def fault(target: str, number: int) -> Fault | None:
        happen(number)
        return None

    return fault


# ---------------------------------------------------------------------------------------------------------
# A list that moves
# ---------------------------------------------------------------------------------------------------------


def test_a_new_row_at_the_front_is_shown_twice_the_last_of_a_page() -> None:
    world = full_world()
    world.later("2026-01-05T09:00:00Z", lambda: world.conversation("new", "k0"))
    hours = ["2026-01-05T08:30:00Z", "2026-01-05T09:00:00Z"]
    with serve(world, faults=between(lambda number: world.advance_to(hours[min(number - 1, 1)]))) as server:
        ids = [row["id"] for row in read_all(server, "/inbox/conversation?page_size=3")]
        assert ids == ["c6", "c5", "c4", "c4", "c3", "c2", "c1", "c0"]
        assert server.missed() == []


def test_a_row_slips_past_a_page_border_when_one_before_it_vanishes() -> None:
    world = full_world()
    with serve(world, faults=between(lambda number: number == 2 and world.vanish("c6"))) as server:
        ids = [row["id"] for row in read_all(server, "/inbox/conversation?page_size=3")]
        assert ids == ["c6", "c5", "c4", "c2", "c1", "c0"]
        assert server.missed() == [("conversations", "c3")]
        read_all(server, "/inbox/conversation?page_size=3")
        assert server.missed() == []
        assert {row["id"] for row in server.take().conversations} == {f"c{number}" for number in range(7)}


def test_a_page_that_is_no_longer_there() -> None:
    world = full_world()
    with serve(world, faults=between(lambda number: number == 3 and world.vanish("c5"))) as server:
        second = get(server, get(server, "/inbox/conversation?page_size=3")["next"])
        assert refusal(server, second["next"]) == 404


def test_what_was_served_is_what_a_run_saw() -> None:
    world = random_world(8)
    world.advance(4 * 86_400)
    is_moving: list[bool] = []
    with serve(world, faults=between(lambda number: is_moving and world.advance(3_600))) as server:
        for path in ("/inbox/conversation", "/contact", "/flow-execution-contact"):
            read_all(server, f"{path}?page_size=40")
        get(server, "/account-member")
        assert server.take() == world.snapshot()
        is_moving.append(True)
        read_all(server, "/inbox/conversation?page_size=4")
        assert {kind for kind, _ in server.missed()} <= {"conversations"}
        seen = server.take().conversations
        assert len(seen) == len({row["id"] for row in seen})


# ---------------------------------------------------------------------------------------------------------
# The archive
# ---------------------------------------------------------------------------------------------------------


def told(payloads: list[Any]) -> Counter[tuple[str, str | None]]:
    values = [c["value"] for p in payloads for e in p["entry"] for c in e["changes"] if c["field"] == "messages"]
    messages = [(message["id"], None) for value in values for message in value.get("messages", [])]
    return Counter(
        messages + [(status["id"], status["status"]) for value in values for status in value.get("statuses", [])]
    )


def test_the_archive_only_grows_and_tells_everything_in_the_end(tmp_path: Path) -> None:
    world = random_world(5)
    before: list[bytes] = []
    for day in range(14):
        world.advance(86_400)
        write_archive(world.facts, tmp_path, world.now, torn=day % 2 == 0)
        lines = sorted(tmp_path.iterdir())
        contents = [gzip.decompress(p.read_bytes()) if p.suffix == ".gz" else p.read_bytes() for p in lines]
        assert all(now.startswith(then) for then, now in zip(before, contents, strict=False))
        if day < 10:  # later there may be nothing new to tear
            assert contents[-1].endswith(b"\n") == (day % 2 == 1)
        before = contents
    world.advance(40 * 86_400)
    write_archive(world.facts, tmp_path, world.now + timedelta(days=10))
    held = read_archive(tmp_path)
    payloads = [payload for payload in held if payload["object"] == "whatsapp_business_account"]
    assert len(payloads) < len(held), "others share the archive"
    counts = told(payloads)
    assert counts.keys() > {fact.key for fact in world.facts}, "and there is more than facts"
    assert max(counts.values()) > 1
    assert any(len(payload["entry"]) > 1 for payload in payloads)
    assert {change["field"] for payload in payloads for entry in payload["entry"] for change in entry["changes"]} > {
        "messages",
        "account_update",
        "smb_message_echoes",
        "history",
    }
    assert {path.suffix for path in tmp_path.iterdir()} == {".ndjson", ".gz"}


def test_deliveries_come_late_out_of_order_and_before_what_they_tell_of() -> None:
    world = random_world(6)
    world.advance(14 * 86_400)
    stamps, arrived = [], []
    for delivery in deliveries(world.facts, world.now, Habits(other=0, grouped=0)):
        (value,) = (change["value"] for change in delivery.payload["entry"][0]["changes"])
        (one,) = value.get("messages", value.get("statuses"))
        stamps.append(int(one["timestamp"]))
        arrived.append((one["id"], one.get("status")))
        assert delivery.at.timestamp() >= stamps[-1]
    assert stamps != sorted(stamps)
    read = [number for number, (_, status) in enumerate(arrived) if status == "read"]
    assert any((arrived[n][0], "sent") in arrived[n:] and (arrived[n][0], "sent") not in arrived[:n] for n in read)


def test_a_calm_archive_tells_each_fact_once_at_once() -> None:
    world = World("2026-01-05T08:00:00Z")
    world.tell("wamid.1", "+34 600 000 000", name="Ana")
    world.advance(0.5)
    world.tell("wamid.2", "+34 600 000 000", "read")
    found = deliveries(world.facts, world.now, CALM)
    assert [delivery.at.second + delivery.at.microsecond / 1e6 for delivery in found] == [0, 0.5]
    first, second = (delivery.payload["entry"][0]["changes"][0]["value"] for delivery in found)
    assert (first["messages"][0]["from"], first["messages"][0]["timestamp"]) == ("34600000000", "1767600000")
    assert second["statuses"][0] | {"pricing": None, "conversation": None} == {
        "id": "wamid.2",
        "status": "read",
        "timestamp": "1767600000",
        "recipient_id": "34600000000",
        "pricing": None,
        "conversation": None,
    }


# ---------------------------------------------------------------------------------------------------------
# The export of the same: stories with figures by hand
# ---------------------------------------------------------------------------------------------------------


def details_of(folder: Path, history: list[Run]) -> dict[str, dict[str, Any]]:
    """The details that the warehouse makes of the batches, by conversation; nothing may be quarantined."""
    write_export(folder / "drop", to_export(history))
    config = write_config(folder, extra=QUALITY)
    rows = build_marts(config)["details"]
    assert quarantine(folder / "var" / "tests" / BUILD) == []
    return {str(row["conversation_id"]): row for row in rows}


def figures(row: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def test_closes_are_observed(tmp_path: Path) -> None:
    world = World("2026-01-05T08:00:00Z")
    world.contact("k1", first_name=" Ana", last_name=None, tags=["VIP"])
    for name in ("closed before", "resolved", "reopened", "gone", "gone for a while", "open"):
        world.conversation(name, "k1")
    world.change("closed before", status="RESOLVED")
    world.later("2026-01-05T09:10:00Z", lambda: world.change("resolved", status="RESOLVED", tags=["ventas", "b"]))
    world.later("2026-01-05T09:20:00Z", lambda: world.change("reopened", status="CLOSED"))
    world.later("2026-01-05T09:30:00Z", lambda: world.conversation("in between", "k1", status="NEW"))
    world.later("2026-01-05T09:40:00Z", lambda: world.change("in between", status="CLOSED"))
    world.later("2026-01-05T10:10:00Z", lambda: world.change("resolved", status="CLOSED"))
    world.later("2026-01-05T10:20:00Z", lambda: world.change("reopened", status="IN_PROGRESS"))
    world.later("2026-01-05T10:30:00Z", lambda: world.vanish("gone"))
    world.later("2026-01-05T10:40:00Z", lambda: world.change("gone for a while", status="CLOSED"))
    away: list[Any] = []
    world.later("2026-01-05T11:30:00Z", lambda: away.append(world.vanish("gone for a while")))
    world.later("2026-01-05T12:30:00Z", lambda: world.show_again(away[0]))
    history = []
    for hour in (9, 10, 11, 12, 13):
        world.advance_to(f"2026-01-05T{hour:02d}:00:00Z")
        history.append(look(world))
    found = details_of(tmp_path / "all", history)
    closed = {name: row["closed_at"] and row["closed_at"].astimezone(UTC).hour for name, row in found.items()}
    assert closed == {
        "closed before": None,
        "resolved": 10,
        "reopened": None,
        "in between": 10,
        "gone for a while": 11,
        "open": None,
    }
    assert figures(found["closed before"], "is_closed", "duration_seconds") == (True, None)
    assert figures(found["resolved"], "duration_seconds", "conversation_tags") == (2 * 3_600, ["b", "ventas"])
    assert figures(found["in between"], "duration_seconds", "reopens") == (1_800, 0)
    assert figures(found["reopened"], "status", "reopens", "is_closed") == ("in_progress", 1, False)
    assert figures(found["open"], "contact_name", "contact_tags") == ("Ana", ["VIP"])
    then = details_of(tmp_path / "then", history[:4])
    assert "gone for a while" not in then and "gone" not in then
    assert details_of(tmp_path / "before", history[:2])["reopened"]["closed_at"] == instant("2026-01-05T10:00:00Z")


def test_messages_of_the_archive_belong_to_the_latest_conversation(tmp_path: Path) -> None:
    world, number = World("2026-01-05T08:59:00Z"), "5215512345678"
    world.contact("k1", phone="+52 1 (55) 1234-5678", canonical_phone="+525512345678")
    world.contact("k2", phone="+52 55 8765 4321", canonical_phone="5215587654321")
    world.tell("m0", number)  # before any conversation
    world.advance_to("2026-01-05T09:00:01Z")
    first = world.message("m1", "INBOUND", at="2026-01-05T09:00:00.4Z")
    world.conversation("c1", "k1", first_message=first)  # begins after its first message
    world.tell("m1", number, at="2026-01-05T09:00:00Z")
    world.conversation("of another", "k2", created_on="2026-01-05T08:59:30Z")
    world.advance_to("2026-01-05T09:05:00Z")
    world.tell("m2", number)
    world.tell("m3", number, type="reaction")
    world.tell("m4", "5215587654321")  # as the canonical phone has it
    world.tell("m5", number, "read", at="2026-01-05T09:02:00Z")  # its `sent` comes late, and later than it
    world.tell("m6", number, "sent")
    world.tell("m6", number, "failed")
    world.tell("m7", "34999999999")  # nobody knows who that is
    world.advance_to("2026-01-05T10:00:00.5Z")
    world.tell("m8", number)  # at 10:00:00, as archives tell seconds: before the next conversation
    world.conversation("c2", "k1", source="INBOX")
    world.advance_to("2026-01-05T10:00:01Z")
    world.tell("m9", number)
    write_archive(world.facts, tmp_path / "archive", world.now, CALM)
    history = [look(world, tmp_path / "archive")]
    world.advance_to("2026-01-05T11:00:00Z")
    world.tell("m5", number, "sent", at="2026-01-05T09:03:00Z")
    write_archive(world.facts, tmp_path / "archive", world.now, CALM)
    history.append(look(world, tmp_path / "archive"))

    found = details_of(tmp_path, history)
    columns = ("messages_inbound", "messages_outbound", "messages_failed", "is_answered")
    assert figures(found["c1"], *columns) == (3, 1, 1, None)  # m1, m2, m8; m5; m6; who answered is not known
    assert figures(found["c2"], *columns) == (1, 0, 0, False)
    assert figures(found["of another"], *columns) == (1, 0, 0, False)
    assert found["c1"]["first_inbound_at"] == instant("2026-01-05T09:00:00.4Z")
    assert figures(found["c1"], "source", "source_raw") == ("inbound", "UNKNOWN")
    sent_at = [
        row["sent_at"]
        for batch in to_export(history)
        for row in batch.entities["messages"]
        if row["message_id"] == "m5"
    ]
    assert sent_at == ["2026-01-05T09:02:00+00:00", "2026-01-05T09:03:00+00:00"]


def test_who_wrote_a_first_message(tmp_path: Path) -> None:
    world, number = World("2026-01-05T09:00:00Z"), "34600000000"
    ana = world.member(7, "Ana", "Silva", "ana@acme.example")
    world.contact("k1", phone=f"+{number}")
    starts = {"by hand": "INBOX", "flow by hand": "FLOW", "bot": "FLOW", "system": "API", "unknown": None}
    for minute, (name, source) in enumerate(starts.items()):
        world.advance_to(f"2026-01-05T09:{minute:02d}:00Z")
        world.conversation(name, "k1", assigned=[ana, person(12, "Zoë")])
        world.advance(10)
        world.tell(f"asked {name}", number)
        world.advance(20)
        sent_by = ana if "hand" in name else None
        world.begin_with(name, world.message(f"first {name}", source, sent_by=sent_by, status="delivered"))
        world.tell(f"first {name}", number, "sent")
    for name in ("failed", "deleted"):
        world.advance(60)
        first = world.message(f"first {name}", "INBOX", sent_by=ana, status="sent" if name == "failed" else "deleted")
        world.conversation(name, "k1", first_message=first)
        world.tell(f"first {name}", number, "read" if name == "deleted" else "failed")
    write_archive(world.facts, tmp_path / "archive", world.now)
    world.advance(10 * 86_400)
    write_archive(world.facts, tmp_path / "archive", world.now)

    found = details_of(tmp_path, [look(world, tmp_path / "archive")])
    columns = ("messages_outbound", "messages_human", "is_answered", "first_response_seconds", "first_responder_id")
    assert {name: figures(found[name], *columns) for name in starts} == {
        "by hand": (1, 1, True, 20, "7"),
        "flow by hand": (1, 0, False, None, None),
        "bot": (1, 0, False, None, None),
        "system": (1, 0, False, None, None),
        "unknown": (1, 0, None, None, None),
    }
    assert figures(found["bot"], "agent_id", "agent_name", "agent_email") == ("7", "Ana Silva", "ana@acme.example")
    assert figures(found["failed"], "messages", "messages_failed") == (0, 1)
    assert figures(found["deleted"], "messages", "messages_failed") == (0, 0)


def test_surveys_are_of_the_conversation_at_that_instant(tmp_path: Path) -> None:
    world = World("2026-01-05T09:00:00Z")
    world.contact("k1")
    world.flow("before any", "k1")
    world.advance(60)
    world.conversation("c1", "k1")
    world.advance(60)
    world.flow("s1", "k1", status="EXPIRED")
    world.flow("a test", "k1", is_test=True)
    world.advance(60)
    world.conversation("c2", "k1")
    world.conversation("c3", "k2")
    world.flow("s2", "k1")  # at the instant at which its conversation begins
    world.flow("no survey", "k1", trigger_type="API")
    world.flow("no flow", "k1", flow=None)
    world.flow("of nobody", "k9")
    found = details_of(tmp_path, [look(world)])
    assert {name: figures(row, "is_surveyed", "rating") for name, row in found.items()} == {
        "c1": (True, None),
        "c2": (True, None),
        "c3": (False, None),
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_lives_by_chance_are_taken_in_whole(tmp_path: Path, seed: int) -> None:
    world = random_world(seed)
    world.advance(3 * 86_400)
    history: list[Run] = []
    while len(history) < 8:
        write_archive(world.facts, tmp_path / "archive", world.now, seed=seed, torn=len(history) == 3)
        history.append(look(world, tmp_path / "archive"))
        world.advance(1.5 * 86_400)
    found = details_of(tmp_path, history)
    shown = {row["id"] for row in history[-1].snapshot.conversations}
    assert found.keys() == shown
    assert len(found) > 60
    for enough in ("messages_inbound", "messages_outbound", "messages_failed", "messages_human", "reopens"):
        assert sum(row[enough] for row in found.values()) > 2
    for occurs in ("closed_at", "first_response_at", "agent_name", "team", "channel", "contact_phone"):
        assert {row[occurs] is None for row in found.values()} == {True, False}
    assert {row["is_answered"] for row in found.values()} == {True, False, None}
    assert {row["is_surveyed"] for row in found.values()} == {True, False}
    assert {row["source"] for row in found.values()} == {"inbound", "inbox", "flow", "other"}


def test_a_life_is_the_same_whenever_one_looks() -> None:
    at_once, step_by_step = random_world(3), random_world(3)
    at_once.advance_to("2026-01-25T00:00:00Z")
    while step_by_step.now < datetime(2026, 1, 25, tzinfo=UTC):
        step_by_step.advance(40_000)
    step_by_step.advance_to("2026-01-25T00:00:00Z")
    until = instant("2026-01-25T00:00:00Z")
    assert [fact for fact in at_once.facts if fact.at < until] == [
        fact for fact in step_by_step.facts if fact.at < until
    ]
    other = random_world(4)
    other.advance_to(until)
    assert other.facts != at_once.facts
