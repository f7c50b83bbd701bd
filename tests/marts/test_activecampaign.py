"""What snapshots of ActiveCampaign and archives of Meta's webhooks become in the marts: one story a test.

Records are written into landing as the systems give them, parsed and built; no connector, no HTTP and no ingestion take
part in it. The test world in ``tests.live`` holds all of it together against an export of the same data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.builds.build_file import create_build
from ingestion.parsing import parser
from ingestion.raw.segments import Segment, parse_segment
from ingestion.settings import load_settings
from ingestion.storage.landing import open_landed
from ingestion.storage.ledger import Counts, Entry
from ingestion.storage.manifests import LiveManifest
from tests.comparison import Marts, read_marts
from tests.drops import Row, content_of, write_config, write_files
from tests.warehouse import BUILD, CANDIDATE, run_models

pytestmark = pytest.mark.systems

ACCOUNTS = [{"id": "acme", "timezone": "Europe/Paris"}, {"id": "other", "timezone": "Europe/Paris"}]
SOURCES: dict[str, Row] = {
    "ac": {"kind": "activecampaign", "account": "acme", "base_url": "https://a.example/api", "token_env": "TOKEN"},
    "wa": {"kind": "meta_webhooks", "account": "acme", "path": "archive"},
    "wa_other": {"kind": "meta_webhooks", "account": "other", "path": "archive"},
}
FIRST = datetime(2026, 3, 2, tzinfo=UTC)

IS_ORPHAN = "conversation_key not in (select conversation_key from intermediate.int_conversations)"


def day(number: int) -> datetime:
    """When the batch of that day is extracted; day 1 is the first."""
    return FIRST + timedelta(days=number)


def at(hour: float, of_day: int = 0) -> str:
    """An instant before the batch of the next day, as ActiveCampaign writes it."""
    return (day(of_day) + timedelta(hours=hour)).isoformat()


def unix(hour: float, of_day: int = 0) -> str:
    """The same as Meta writes it."""
    return str(int((day(of_day) + timedelta(hours=hour)).timestamp()))


def conversation(key: str = "c1", status: str = "NEW", **values: object) -> Row:
    return {
        **{"id": key, "contact": "k1", "status": status, "created_on": at(8), "source": "INBOX"},
        **{"assigned": [], "tags": [], "first_message": None, **values},
    }


def first_message(key: str = "wamid.1", direction: str = "INBOUND", **values: object) -> Row:
    source = "INBOUND" if direction == "INBOUND" else "INBOX"
    return {"id": key, "direction": direction, "timestamp": at(8), "msg_type": "text", "source": source, **values}


def contact(key: str = "k1", **values: object) -> Row:
    return {"id": key, "phone": "+33 1 23 45 67 89", "first_name": "Ana", "last_name": "Sáenz", "tags": [], **values}


def received(key: str, hour: float, phone: str = "33123456789") -> Row:
    return {"from": phone, "id": key, "timestamp": unix(hour), "type": "text"}


def told(key: str, status: str, hour: float, phone: str = "33123456789") -> Row:
    return {"id": key, "status": status, "timestamp": unix(hour), "recipient_id": phone}


def delivery(field: str = "messages", **value: object) -> Row:
    """One of Meta's webhooks; the number of the business is +10."""
    change = {"field": field, "value": {"metadata": {"display_phone_number": "10"}, **value}}
    return {"object": "whatsapp_business_account", "entry": [{"changes": [change]}]}


@dataclass
class Home:
    """Batches in landing, and the build of all of them."""

    folder: Path
    entries: list[Entry] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    csat_flows: list[str] = field(default_factory=list)

    def land(self, source: str, number: int, entities: Mapping[str, Sequence[Row]]) -> None:
        """A batch of a source, extracted on that day; it is taken as accepted, whatever is quarantined in it.

        Of an archive: the lists of one delivery.
        """
        if SOURCES[source]["kind"] == "meta_webhooks" and "archive-0001" not in entities:
            entities = {"archive-0001": [delivery(**entities)]}
        folder = self.folder / "var" / "landing" / source / f"b{number}"
        files = {f"{entity}.ndjson": content_of(rows, "ndjson") for entity, rows in entities.items()}
        rows = {f"{entity}.ndjson": len(records) for entity, records in entities.items()}
        write_files(folder, files, rows, day(number).isoformat())
        kind = SOURCES[source]["kind"]
        with parser.connect() as connection:
            segment, batches = parse_segment(
                connection,
                [open_landed(source, folder, LiveManifest)],
                self.folder / "var" / "raw",
                (1, 5),
                lambda _: None,
                kind,
            )
        assert [batch.batch for batch in batches] == [f"b{number}"]
        self.segments.append(segment)
        counts = {entity: Counts(landed, bad) for entity, (landed, bad) in batches[0].totals().items()}
        entry = Entry(source, f"b{number}", "accepted", day(number), day(number), counts, (), segment.listed.segment)
        self.entries.append(entry)

    def snapshot(
        self,
        number: int,
        *conversations: Row,
        contacts: Sequence[Row] = (contact(),),
        is_complete: bool = True,
        **others: Sequence[Row],
    ) -> None:
        """What ActiveCampaign shows on that day."""
        pulls = [{"pull_id": f"p{number}", "is_complete": is_complete}]
        self.land("ac", number, {"conversations": conversations, "contacts": contacts, "pulls": pulls, **others})

    def marts(self, *sources: str) -> Marts:
        """Those of a build of the landed batches, with these sources configured (default: all)."""
        named = [{"name": name, **SOURCES[name]} for name in sources or SOURCES]
        for source in named:
            if source["kind"] == "activecampaign":
                source["csat_flows"] = self.csat_flows
        config = write_config(
            self.folder, accounts=ACCOUNTS, sources=named, extra='[privacy]\ncontact_phone = "plain"\n'
        )
        build = self.folder / BUILD
        for name in (BUILD, CANDIDATE):  # from nothing, as with new batches of a live source
            build.with_name(name).unlink(missing_ok=True)
        create_build(build, load_settings(config), self.entries, self.segments)
        run_models(build, frozenset(source["kind"] for source in named))
        return read_marts(build.with_name("candidate.duckdb"))

    def details(self, *sources: str) -> dict[object, dict[str, Any]]:
        """The conversations by their id."""
        return {row["conversation_id"]: row for row in self.marts(*sources)["details"]}

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """What the build says."""
        with duckdb.connect(str(self.folder / BUILD), read_only=True) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


# --- closed and reopened -------------------------------------------------------------------------------------


def test_what_the_first_snapshot_shows_closed_was_closed_nobody_knows_when(home: Home) -> None:
    home.snapshot(1, conversation(status="CLOSED"))
    home.snapshot(2, conversation(status=" resolved"))
    (row,) = home.details().values()
    assert (row["status"], row["is_closed"], row["closed_at"], row["duration_seconds"]) == ("closed", True, None, None)
    assert row["times_basis"] == "observed"
    assert home.query("select * from intermediate.int_events") == []


def test_a_close_is_seen_at_the_first_snapshot_that_shows_it_and_stays_there(home: Home) -> None:
    home.snapshot(1, conversation())
    home.snapshot(2, conversation(status="RESOLVED"))
    home.snapshot(3, conversation(status="CLOSED"))
    (row,) = home.details().values()
    assert (row["is_closed"], row["closed_at"], row["reopens"]) == (True, day(2), 0)
    assert row["duration_seconds"] == (day(2) - day(0)).total_seconds() - 8 * 3600


def test_a_conversation_that_comes_closed_was_closed_at_that_snapshot(home: Home) -> None:
    home.snapshot(1, conversation())
    home.snapshot(2, conversation(), conversation("c2", "CLOSED", created_on=at(1, 1)))
    assert home.details()["c2"]["closed_at"] == day(2)


def test_reopened_and_closed_again(home: Home) -> None:
    home.snapshot(1, conversation(status="CLOSED"), conversation("c2", "CLOSED"))
    home.snapshot(2, conversation(status="IN_PROGRESS"), conversation("c2", "FLOW"))
    home.snapshot(3, conversation(status="CLOSED"), conversation("c2", "NEW"))
    home.snapshot(4, conversation(status="CLOSED"), conversation("c2", "NEW"))
    rows = home.details()
    assert (rows["c1"]["is_closed"], rows["c1"]["closed_at"], rows["c1"]["reopens"]) == (True, day(3), 1)
    assert (rows["c2"]["is_closed"], rows["c2"]["closed_at"], rows["c2"]["reopens"]) == (False, None, 1)
    events = home.query("select event_type, occurred_at, event_id from intermediate.int_events order by occurred_at, 3")
    assert [(kind, moment.replace(tzinfo=UTC)) for kind, moment, _ in events] == [
        *[("reopened", day(2)), ("reopened", day(2)), ("closed", day(3))]
    ]
    assert len({key for *_, key in events}) == 3


def test_a_later_snapshot_does_not_move_what_was_seen(home: Home) -> None:
    """The events of a snapshot keep their ids and instants when others follow."""
    home.snapshot(1, conversation())
    home.snapshot(2, conversation(status="CLOSED", tags=[{"id": 1, "name": "vip"}]))
    home.marts()
    before = home.query("select event_id, event_type, occurred_at from intermediate.int_events order by all")
    home.snapshot(3, conversation(status="NEW", assigned=[{"id": 7}]))
    home.marts()
    after = home.query("select event_id, event_type, occurred_at from intermediate.int_events order by all")
    assert {kind for _, kind, _ in before} == {"closed", "tagged"}
    assert set(before) < set(after)


# --- deleted, bad, doubled -----------------------------------------------------------------------------------


def test_what_a_complete_snapshot_no_longer_shows_is_deleted(home: Home) -> None:
    home.snapshot(1, conversation(), conversation("c2"), contacts=[contact(), contact("k2")])
    home.snapshot(2, conversation(contact="k2"), contacts=[contact()])
    rows = home.details()
    assert rows.keys() == {"c1"}
    assert rows["c1"]["contact_name"] is None, "a deleted contact is none"


def test_an_incomplete_snapshot_deletes_nothing(home: Home) -> None:
    home.snapshot(1, conversation(), conversation("c2"))
    home.snapshot(2, conversation(), is_complete=False)
    assert home.details().keys() == {"c1", "c2"}


def test_what_is_shown_after_the_last_complete_snapshot_is_there(home: Home) -> None:
    home.snapshot(1, conversation(), conversation("c2", "CLOSED"))
    home.snapshot(2, conversation())
    home.snapshot(3, conversation("c2", "CLOSED"), is_complete=False)
    rows = home.details()
    assert rows.keys() == {"c1", "c2"}
    assert (rows["c2"]["closed_at"], rows["c2"]["reopens"]) == (None, 0), "nothing happened to it in between"


def test_a_quarantined_row_leaves_a_conversation_as_it_was(home: Home) -> None:
    home.snapshot(1, conversation())
    home.snapshot(2, conversation(status="CLOSED", created_on="soon"))
    assert home.details()["c1"]["is_closed"] is False
    home.snapshot(3, conversation(status="CLOSED"))
    assert home.details()["c1"]["closed_at"] == day(3)


def test_a_row_that_comes_twice_in_a_snapshot_counts_as_it_came_last(home: Home) -> None:
    home.snapshot(1, conversation(status="CLOSED"), conversation(status="NEW"))
    home.snapshot(2, conversation(status="NEW"), conversation(status="CLOSED"))
    (row,) = home.details().values()
    assert (row["closed_at"], row["reopens"]) == (day(2), 0)


# --- people --------------------------------------------------------------------------------------------------


def test_people_have_the_name_that_is_left_and_members_who_go_keep_theirs(home: Home) -> None:
    assigned: Row = {"assigned": [{"id": 7, "first_name": "Bea"}, {"id": 8}]}
    phones: Row = {"phone": None, "canonical_phone": "+33 9"}
    contacts = [contact(first_name=" ", last_name=None, **phones), contact("k2", first_name=None)]
    home.snapshot(
        1,
        *[conversation(**assigned), conversation("c2", contact="k2")],
        contacts=contacts,
        members=[{"id": 7, "first_name": " Bea", "last_name": None, "email": "b@x.example"}],
    )
    home.snapshot(2, conversation(**assigned), conversation("c2", contact="k2"), contacts=contacts, members=[])
    rows = home.details()
    assert (rows["c1"]["contact_name"], rows["c1"]["contact_phone"]) == (None, "+33 9")
    assert (rows["c1"]["agent_id"], rows["c1"]["agent_name"], rows["c1"]["agent_email"]) == ("7", "Bea", "b@x.example")
    assert (rows["c2"]["contact_name"], rows["c2"]["agent_id"]) == ("Sáenz", None)


# --- messages ------------------------------------------------------------------------------------------------


def test_a_first_message_in_the_archive_too_is_one_message(home: Home) -> None:
    outbound = first_message("wamid.2", "OUTBOUND", status="sending", sent_by={"id": 7}, timestamp=at(9.5))
    home.snapshot(
        1,
        conversation(first_message=first_message(status="received")),
        conversation("c2", created_on=at(9), first_message=outbound),
    )
    statuses = [told("wamid.2", "failed", 9.6), told("wamid.2", "sent", 9.6), told("wamid.2", "sent", 9.7)]
    home.land("wa", 1, {"messages": [received("wamid.1", 8), received("wamid.1", 8)], "statuses": statuses})
    rows = home.details()
    assert (rows["c1"]["messages"], rows["c1"]["messages_inbound"]) == (1, 1)
    assert (rows["c2"]["messages"], rows["c2"]["messages_failed"]) == (0, 1), "the archive knows how it went"
    assert home.query("select source_system, message_id, sender_type, agent_id, sent_at, status_word, origin"
                      " from intermediate.int_whatsapp_messages order by 2") == [
        ("ac", "wamid.1", "contact", None, datetime(2026, 3, 2, 8), "received", None),
        ("ac", "wamid.2", "agent", "7", datetime(2026, 3, 2, 9, 30), "failed", "inbox"),
    ]  # fmt: skip


@pytest.mark.slow
def test_a_first_message_with_two_ids_is_one_message_in_every_order_of_snapshots(home: Home) -> None:
    """Its own, and WhatsApp's, which snapshots before and after may not show; the archive knows WhatsApp's alone."""
    orders = ["own", "both", "own both", "both own", "own own both", "own both own", "both own own", "both both own"]

    def shown(key: str, snapshot: int) -> Row | None:
        if snapshot == 4:  # another takes its place, and it stays a message
            return first_message(f"{key} other", "OUTBOUND", provider_id=f"{key} other wamid", status="read")
        words = key.split()
        is_sent = words[min(snapshot, len(words)) - 1] == "both"
        status, wamid = ("sent", f"{key} wamid") if is_sent else ("sending", None)
        return first_message(f"{key} own", "OUTBOUND", provider_id=wamid, status=status, sent_by=7)

    for snapshot in (1, 2, 3, 4):
        home.snapshot(
            snapshot,
            *[conversation(key, contact=key, first_message=shown(key, snapshot)) for key in orders],
            contacts=[contact(key, phone=f"+34 60{number}") for number, key in enumerate(orders)],
        )
    known = {key: f"{key} wamid" if "both" in key else f"{key} own" for key in orders}
    without_archive = {key: row["messages_outbound"] for key, row in home.details("ac").items()}
    assert without_archive == dict.fromkeys(orders, 2)
    statuses = [told(known[key], "delivered", 9, f"3460{n}") for n, key in enumerate(orders) if "both" in key]
    home.land("wa", 4, {"messages": [], "statuses": statuses})
    assert {key: row["messages_outbound"] for key, row in home.details().items()} == dict.fromkeys(orders, 2)
    found = home.query(
        "select conversation_id, message_id, agent_id from intermediate.int_whatsapp_messages"
        " where message_id not like '%other%'"
    )
    assert sorted(found) == sorted((key, message, "7") for key, message in known.items())


def test_references_as_ids_and_as_objects_give_the_same(home: Home) -> None:
    flows = [{"id": "f1", "name": "Encuesta"}, "f1"]
    member = {"id": 7, "first_name": "Bea", "last_name": "Sol", "email": "b@x.example"}
    whole = {"assigned_team": {"id": 3}, "channel": {"id": 2}, "assigned": [member], "tags": [{"id": 1, "name": "vip"}]}
    bare = {"assigned_team": 3, "channel": 2, "assigned": [7], "tags": ["vip"]}
    home.snapshot(
        1,
        conversation(contact=contact(), **whole),
        conversation("c2", contact="k2", **bare),
        contacts=[contact(), contact("k2")],
        members=[member],
        executions=[
            {"id": f"e{number}", "contact": who, "created_on": at(9), "flow": flow, "flow_name": "Encuesta"}
            for number, (flow, who) in enumerate(zip(flows, [contact(), "k2"], strict=True))
        ],
    )
    home.csat_flows = ["Encuesta"]
    rows = home.details("ac")
    first, second = (
        {name: value for name, value in row.items() if name not in ("conversation_id", "contact_id", "contact_key")}
        for row in rows.values()
    )
    assert first == second
    assert (first["agent_name"], first["team"], first["is_surveyed"]) == ("Bea Sol", "3", True)
    assert first["conversation_tags"] == ["vip"]


def test_flows_are_named_by_id_or_name_in_each_shape(home: Home) -> None:
    shapes: list[Row] = [
        {"flow": {"id": "f1", "name": "¿Qué tal?"}},
        {"flow": "f1", "flow_name": "¿Qué tal?"},
        {"flow": {"id": "f1"}, "flow_name": "¿Qué tal?"},
        {"flow": "f2", "flow_name": "Otro"},
    ]
    home.snapshot(
        1,
        *[conversation(f"c{number}", contact=f"k{number}") for number in range(4)],
        executions=[
            {"id": f"e{n}", "contact": f"k{n}", "created_on": at(9), **shape} for n, shape in enumerate(shapes)
        ],
    )
    for flow in ("f1", "¿Qué tal?"):
        home.csat_flows = [flow]
        surveyed = {key: row["is_surveyed"] for key, row in home.details("ac").items()}
        assert surveyed == {"c0": True, "c1": True, "c2": True, "c3": False}


def test_a_snapshot_without_contacts_takes_none_for_deleted(home: Home) -> None:
    home.snapshot(1, conversation())
    home.land("ac", 2, {"conversations": [conversation(status="CLOSED")], "pulls": [
        {"pull_id": "p2", "is_complete": True, "has_contacts": False}
    ]})  # fmt: skip
    row = home.details()["c1"]
    assert (row["contact_name"], row["status"]) == ("Ana Sáenz", "closed")


def test_messages_of_the_archive_belong_to_the_latest_conversation_with_the_phone(home: Home) -> None:
    home.snapshot(
        1,
        *[conversation(), conversation("c2", created_on=at(10)), conversation("c3", contact="k2", created_on=at(9))],
        contacts=[contact(), contact("k2", phone="+34 1", canonical_phone="(33) 123-456-789")],
    )
    home.land(
        "wa",
        1,
        {
            "messages": [received(f"m{hour}", hour) for hour in (7, 8, 8.5, 9, 10, 11)] + [received("m", 12, "341")],
            "statuses": [told("out", "read", 9.7), told("out", "sent", 9.9), told("out", "delivered", 9.8)],
        },
    )
    rows = home.details()
    assert {key: row["messages_inbound"] for key, row in rows.items()} == {"c1": 2, "c2": 2, "c3": 2}
    assert (rows["c3"]["messages_outbound"], rows["c3"]["is_answered"]) == (1, None), "who answered is not known"
    assert home.query("select message_id, source_system, conversation_id from intermediate.int_whatsapp_messages"
                      " where message_id in ('m7', 'out') order by 1") == [
        ("m7", "wa", "33123456789"),
        ("out", "ac", "c3"),
    ]  # fmt: skip
    assert home.query(f"select message_id from intermediate.int_messages where {IS_ORPHAN}") == [("m7",)]


def test_the_archive_of_another_account_knows_none_of_its_conversations(home: Home) -> None:
    home.snapshot(1, conversation(first_message=first_message()))
    home.land("wa_other", 1, {"messages": [received("m1", 9), received("wamid.1", 8)], "statuses": []})
    assert home.details()["c1"]["messages"] == 1
    assert home.query(f"select count(*) from intermediate.int_messages where {IS_ORPHAN}") == [(2,)]


def test_messages_of_a_deleted_conversation_stay_with_it(home: Home) -> None:
    home.snapshot(1, conversation(), conversation("c2", created_on=at(10)))
    home.snapshot(2, conversation())
    home.land("wa", 1, {"messages": [received("m9", 9), received("m11", 11)], "statuses": []})
    rows = home.details()
    assert {key: row["messages"] for key, row in rows.items()} == {"c1": 1}
    assert home.query(f"select count(*) from intermediate.int_messages where {IS_ORPHAN}") == [(0,)]


# --- surveys -------------------------------------------------------------------------------------------------


def test_a_run_of_a_csat_flow_is_a_survey_of_the_conversation_at_that_instant(home: Home) -> None:
    flow = {"id": "f1", "name": "How was it", "trigger_type": "conversation_Csat"}
    run = {"contact": "k1", "status": "COMPLETED", "flow": flow}
    home.snapshot(
        1,
        *[conversation(), conversation("c2", created_on=at(10))],
        executions=[
            {**run, "id": "e1", "created_on": at(9)},
            {**run, "id": "e2", "created_on": at(11), "is_test": True},
            {**run, "id": "e3", "created_on": at(7)},
            {**run, "id": "e4", "created_on": at(11), "flow": {**flow, "trigger_type": "KEYWORD"}},
        ],
    )
    rows = home.details()
    assert {key: (row["is_surveyed"], row["rating"]) for key, row in rows.items()} == {
        "c1": (True, None),
        "c2": (False, None),
    }
    assert home.query("select rating_id from intermediate.int_ratings order by 1") == [("e1",), ("e3",)]
    assert home.query(f"select rating_id from intermediate.int_ratings where {IS_ORPHAN}") == [("e3",)]


# --- flows ---------------------------------------------------------------------------------------------------


def test_an_execution_is_a_run_of_its_flow_in_the_conversation_at_that_instant(home: Home) -> None:
    flow = {"id": "f1", "name": "Hola", "trigger_type": "KEYWORD"}
    run = {"contact": "k1", "status": "RUNNING", "flow": flow}
    home.snapshot(
        1,
        *[conversation(), conversation("c2", created_on=at(10))],
        executions=[
            {**run, "id": "e1", "created_on": at(9)},
            {**run, "id": "e2", "created_on": at(11), "status": "Expired"},
            {**run, "id": "e3", "created_on": at(7), "status": "PAUSED"},
            {**run, "id": "e4", "created_on": at(11), "is_test": True},
            {**run, "id": "e5", "created_on": at(11), "flow": None},
            {**run, "id": "e6", "created_on": at(11), "flow": None, "flow_name": "Adiós", "contact": "k9"},
        ],
    )
    home.snapshot(2, conversation(), executions=[{**run, "id": "e1", "created_on": at(9), "status": "COMPLETED"}])
    rows = {row["flow_id"]: row for row in home.marts("ac")["by_flow"] if row["grain"] == "month"}
    first = {"runs": 3, "contacts": 1, "completed": 1, "expired": 1, "ongoing": 0, "other": 1, "conversations": 1}
    assert rows["f1"].items() >= {**first, "flow_name": "Hola"}.items(), "c2 is deleted, and its run stays"
    assert rows["Adiós"].items() >= {"runs": 1, "flow_name": "Adiós", "ongoing": 1, "conversations": 0}.items()
    assert rows.keys() == {"f1", "Adiós"}


# --- what is configured --------------------------------------------------------------------------------------


def test_without_an_archive_the_first_messages_are_the_messages(home: Home) -> None:
    home.snapshot(1, conversation(first_message=first_message()), conversation("c2"))
    assert {key: row["messages"] for key, row in home.details("ac").items()} == {"c1": 1, "c2": 0}


def test_an_archive_alone_has_orphans_only(home: Home) -> None:
    home.land("wa", 1, {"messages": [received("m1", 9)], "statuses": [told("m2", "sent", 9)]})
    marts = home.marts("wa")
    assert marts["details"] == []
    assert home.query(f"select count(*) from intermediate.int_messages where {IS_ORPHAN}") == [(2,)]
    assert home.query("select conversation_id from intermediate.int_messages__unioned") == [("33123456789",)] * 2


def test_sources_that_have_delivered_nothing_have_nothing(home: Home) -> None:
    assert home.details() == {}
