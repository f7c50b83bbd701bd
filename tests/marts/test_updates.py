"""An incremental build recomputes the affected conversations, and its marts are those of a full build."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from ingestion.builds.names import CANDIDATE
from ingestion.settings import load_settings
from tests.comparison import KEYS, Marts, differences
from tests.drops import Row, agent, contact, conversation, flow_run, message, write_batch, write_config
from tests.warehouse import BUILD, build_marts

HISTORY_UNTIL, NEW_UNTIL = "2026-02-09T12:00:00+00:00", "2026-02-11T02:00:00+00:00"
NEXT_MONTH, LATER = "2026-02-01T09:00:00+01:00", "2026-02-09T09:00:00+01:00"

Entities = dict[str, list[Row]]


def by(agent_id: str | None, message_id: str, conversation_id: str, **values: object) -> Row:
    """A human reply, half an hour after the start of the conversations below."""
    values = {"sent_at": "2026-01-02T09:30:00+01:00", "direction": "outbound", "sender_type": "agent", **values}
    return message(message_id, conversation_id, agent_id=agent_id, **values)


HISTORY: Entities = {
    "agents": [agent("a1", name="Ana"), agent("a2", name="Bo"), agent("a3", name="Cy")],
    "contacts": [contact("k1", tags=["gold"]), contact("k2", tags=["gold"])],
    "conversations": [
        conversation("alone", agent_id="a1", tags=["refund"], contact_id="k1"),
        conversation("of-a2", agent_id="a2", tags=["refund", "vip"], contact_id="k2"),
        conversation("of-a3", agent_id="a3", tags=["vip"], contact_id="k1"),
        conversation("of-nobody", contact_id="k2"),
        conversation("slow", agent_id="a3", tags=["vip"]),
        conversation("without-messages", agent_id="a2", tags=["empty"]),
        conversation("late", agent_id="a3", tags=["vip"], started_at=LATER),
    ],
    "messages": [
        message("in-alone", "alone"),
        by("a1", "out-alone", "alone"),
        message("in-a2", "of-a2"),
        by("a2", "out-a2", "of-a2"),
        by("a3", "next-month", "of-a2", sent_at=NEXT_MONTH),
        message("in-a3", "of-a3"),
        message("in-slow", "slow"),
        by("a2", "out-slow", "slow", sent_at=NEXT_MONTH),
        message("in-nobody", "of-nobody"),
        by(None, "out-nobody", "of-nobody"),
        message("in-late", "late", sent_at=LATER),
        message("orphan", "not-yet"),
        message("other-orphan", "not-yet"),
    ],
    "flow_runs": [
        flow_run("of-a2", conversation_id="of-a2", contact_id="k2"),
        flow_run("early", conversation_id="not-yet", status="RUNNING"),
        flow_run("of-none", started_at="2025-12-24T09:00:00+01:00", flow_name="Welcome"),
        flow_run("of-none-either", flow_id="other"),
    ],
}


def changed(entity: str, key: str, **values: object) -> Row:
    """A record of the history, with other values and a newer version."""
    (row,) = (row for row in HISTORY[entity] if key in row.values())
    return {**row, "updated_at": "2026-02-10T00:00:00Z", **values}


NEW_BATCHES: dict[str, Entities] = {
    "the only conversation of an agent is deleted": {
        "conversations": [changed("conversations", "alone", deleted=True)],
    },
    "the only conversation of an agent is reassigned": {
        "conversations": [changed("conversations", "alone", agent_id="a2")],
        "messages": [changed("messages", "out-alone", agent_id="a2")],
    },
    "a conversation is reassigned": {"conversations": [changed("conversations", "of-a3", agent_id="a2")]},
    "a conversation comes to an agent whom nobody knows": {
        "conversations": [changed("conversations", "of-a3", agent_id="new")],
    },
    "a conversation starts in another month": {
        "conversations": [changed("conversations", "without-messages", started_at="2025-12-31T09:00:00+01:00")],
    },
    "the message of a second agent is deleted": {"messages": [changed("messages", "next-month", deleted=True)]},
    "a reply is another agent's": {"messages": [changed("messages", "out-a2", agent_id="a3")]},
    "a reply in another month is deleted": {"messages": [changed("messages", "out-slow", deleted=True)]},
    "a reply comes in another month": {"messages": [by("a1", "new", "of-a3", sent_at=NEXT_MONTH)]},
    "a message moves to another conversation": {
        "messages": [changed("messages", "out-alone", conversation_id="of-a3")],
    },
    "a message moves from a conversation that nobody knows": {
        "messages": [changed("messages", "orphan", conversation_id="of-a3")],
    },
    "a message moves to a conversation that nobody knows": {
        "messages": [changed("messages", "out-alone", conversation_id="not-yet")],
    },
    "the conversation of orphans arrives": {"conversations": [conversation("not-yet", started_at=LATER)]},
    "it arrives with a version of one of them": {
        "conversations": [conversation("not-yet", started_at=LATER)],
        "messages": [changed("messages", "orphan", deleted=True)],
    },
    "a conversation of nobody is deleted": {"conversations": [changed("conversations", "of-nobody", deleted=True)]},
    "a conversation of nobody is somebody's": {"conversations": [changed("conversations", "of-nobody", agent_id="a1")]},
    "a conversation is nobody's": {"conversations": [changed("conversations", "of-a3", agent_id=None)]},
    "another message of nobody": {
        "messages": [message("new", "of-nobody"), by(None, "newer", "of-a3", sender_type="bot")],
    },
    "the conversation of a run is deleted": {"conversations": [changed("conversations", "of-a2", deleted=True)]},
    "a run of no conversation has ended": {"flow_runs": [changed("flow_runs", "of-none", status="EXPIRED")]},
    "a run moves to a conversation": {"flow_runs": [changed("flow_runs", "of-none", conversation_id="of-a3")]},
    "a run was none": {"flow_runs": [changed("flow_runs", "of-a2", deleted=True)]},
    "a run was a test of another flow": {"flow_runs": [changed("flow_runs", "early", flow_id="new", is_test=True)]},
    "an agent has another name": {"agents": [changed("agents", "a3", name="Cyd")]},
    "an agent has another name and a conversation less": {
        "agents": [changed("agents", "a3", name="Cyd")],
        "conversations": [changed("conversations", "of-a3", agent_id="a1")],
    },
    "an agent has another name and a conversation more": {
        "agents": [changed("agents", "a1", name="Anna")],
        "conversations": [conversation("new", agent_id="a1", started_at=LATER)],
    },
    "a contact has other tags": {"contacts": [changed("contacts", "k1", tags=["silver"])]},
    "a tag is removed": {"conversations": [changed("conversations", "of-a2", tags=["vip"])]},
    "all tags are removed": {"conversations": [changed("conversations", "of-a2", tags=[])]},
    "a conversation gets its first tag": {"conversations": [changed("conversations", "of-nobody", tags=["vip"])]},
    "a tag that sorts before all others": {"conversations": [conversation("new", tags=["a first one", "vip"])]},
    "a conversation of one tag changes the shares of others": {"conversations": [conversation("new", tags=["vip"])]},
}


QUICK = {
    "the only conversation of an agent is deleted",
    "the only conversation of an agent is reassigned",
    "a conversation starts in another month",
    "a reply is another agent's",
    "a reply in another month is deleted",
    "a run moves to a conversation",
    "a run was none",
    "a message moves to another conversation",
    "a message moves to a conversation that nobody knows",
    "it arrives with a version of one of them",
    "another message of nobody",
    "an agent has another name and a conversation less",
    "a contact has other tags",
    "a tag is removed",
    "a tag that sorts before all others",
}
"""One of each kind of change."""
assert NEW_BATCHES.keys() >= QUICK


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Marts]:
    """A home with the history, and the marts of it."""
    folder = tmp_path_factory.mktemp("history")
    config = write_config(folder, extra="[quality]\nrestated_rows = 1000\nunknown_share = 1\norphan_share = 1\n")
    write_batch(folder / "drop" / "b1", HISTORY, HISTORY_UNTIL)
    return folder, build_marts(config)


@pytest.fixture
def home(history: tuple[Path, Marts], tmp_path: Path) -> Home:
    return Home(Path(shutil.copytree(history[0], tmp_path / "home")), history[1])


class Home:
    """A home with the history, to be updated."""

    def __init__(self, folder: Path, before: Marts) -> None:
        self.config, self.before = folder / "causerie.toml", before
        self.candidate = load_settings(self.config).home / "tests" / CANDIDATE

    def update(self, new: Entities, until: str = NEW_UNTIL) -> Marts:
        """Ingest a new batch; the marts of an incremental build."""
        write_batch(self.config.parent / "drop" / "b2", new, until)
        marts = build_marts(self.config, incremental=True)
        with duckdb.connect(str(self.candidate.with_name(BUILD)), read_only=True) as build:
            for entity in ("message", "event", "rating", "flow_run"):  # orphans among them, which the marts do not show
                keys = f"select source_key, {entity}_id from intermediate.int_{entity}s"
                assert not build.execute(f"{keys} group by all having count(*) > 1").fetchall()
        return marts

    def compare_with_full_build(self, updated: Marts) -> None:
        """The marts of the incremental build are those of a full one."""
        whole = build_marts(self.config, ingest_first=False)
        for mart in KEYS:
            assert differences(mart, whole[mart], updated[mart]) == []


@pytest.mark.parametrize(
    "new",
    [pytest.param(new, id=name, marks=[] if name in QUICK else pytest.mark.slow) for name, new in NEW_BATCHES.items()],
)
def test_new_batches_of_a_few(home: Home, new: Entities) -> None:
    updated = home.update(new)
    home.compare_with_full_build(updated)
    assert any(
        differences(mart, home.before[mart], updated[mart]) for mart in ("by_agent", "by_tag", "by_flow", "details")
    )


@pytest.mark.parametrize(
    ("until", "grains"),
    [("2026-02-16T02:00:00+00:00", {"day", "week"}), ("2026-03-01T02:00:00+00:00", {"day", "week", "month"})],
    ids=["a week", "a month"],
)
def test_a_period_becomes_complete(home: Home, until: str, grains: set[str]) -> None:
    """Also for agents and tags whom the new batch does not concern."""
    updated = home.update({"agents": [agent("a9", name="Di")]}, until)
    home.compare_with_full_build(updated)
    for mart in ("by_agent", "by_tag"):
        found = differences(mart, home.before[mart], updated[mart], limit=1000)
        assert all("is_complete" in difference for difference in found)
        assert {grain for grain in ("day", "week", "month") if any(f"'{grain}'" in each for each in found)} == grains


def test_what_new_batches_do_not_affect_is_not_recomputed(home: Home) -> None:
    """Facts that were wrong before stay so, beside those of affected conversations."""
    with duckdb.connect(str(home.candidate.with_name(BUILD))) as build:
        build.execute("update intermediate.int_conversation_facts set reopens = 77")
    updated = home.update({"conversations": [changed("conversations", "of-a3")]})
    found = {row["conversation_id"]: row["reopens"] for row in updated["details"]}
    assert found == dict.fromkeys(found, 77) | {"of-a3": 0}
