"""Targets of conversations that are answered, closed, reopened and left alone, at any instant that one looks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from tests import oracle
from tests.comparison import KEYS, differences
from tests.drops import Row, conversation, event, message, write_batch, write_config
from tests.examples import examples
from tests.warehouse import build_marts

WRITES: dict[str, Row] = {
    "in": {"direction": "inbound"},
    "human": {"direction": "outbound", "sender_type": "agent"},
    "bot": {"direction": "outbound", "sender_type": "bot"},
    "somebody": {"direction": "outbound"},
    "failed": {"direction": "outbound", "sender_type": "agent", "status": "failed"},
}
HAPPENS = ("handoff", "reopened", "closed", "assigned")
LOOSE = "[quality]\nrestated_rows = 1000\nunknown_share = 1\norphan_share = 1\n"


def target(name: str, measure: str, within: str, **values: object) -> Row:
    return {"name": name, "measure": measure, "within": within, **values}


def account(*targets: Row, **values: object) -> Row:
    return {"id": "acme", "timezone": "Europe/Paris", "targets": list(targets), **values}


# --- any history

HOURS = [  # two changes of the clock lie in working hours; until 2026-01-01 and from 2026-11-01 on there are none
    {"days": ["sat", "sun", "mon"], "spans": ["00:00-03:30", "12:00-24:00"], "valid_from": date(2026, 1, 1)},
    {"days": ["tue"], "spans": [], "valid_from": date(2026, 11, 1)},
]
BASES = [datetime(2026, 3, 28, 22, 30, tzinfo=UTC), datetime(2026, 10, 24, 23, tzinfo=UTC)]
BASES += [datetime(2025, 12, 31, 22, tzinfo=UTC), datetime(2026, 10, 31, 22, tzinfo=UTC)]
TARGETS = [
    target(f"{measure} {within} {counted_in}", measure, within, **{"in": counted_in})
    for measure in ("first_response", "reply", "resolution")
    for within in ("30m", "1h", "1d")
    for counted_in in ("all", "working_hours")
] + [
    target("changed", "reply", "30m"),
    target("changed", "first_response", "30m", valid_from=date(2026, 3, 29), teams=["Sales"]),
    target("changed", "resolution", "30m", valid_from=date(2026, 10, 25)),
    target("of some", "reply", "30m", teams=["Sales", "(no team)"], tags=["vip", "refund"]),
    target("of none", "resolution", "1h", channels=["(no channel)"], tags=["(untagged)"]),
]
seconds = st.sampled_from([0, 0, 60, 1800, 1800, 1801, 3600, 3600.5, 3601, 5400, 9000, 86_400, 90_000])
steps = st.lists(st.tuples(st.sampled_from([*WRITES, "in", "human", *HAPPENS]), seconds), max_size=7)
stories = st.fixed_dictionaries(
    {
        "steps": steps,
        "status": st.sampled_from(["OPEN", "OPEN", "CLOSED", "FLOW"]),
        "closed": st.none() | seconds,
        "team": st.sampled_from([None, " Sales", "Support"]),
        "channel": st.sampled_from([None, "whatsapp"]),
        "tags": st.sampled_from([None, ["vip"], [" refund ", "x"]]),
    }
)


def records(number: int, base: datetime, story: dict[str, Any]) -> list[tuple[str, datetime, Row]]:
    """The records of a conversation: the entity of each, and when it can be known. Of equal instants the id decides."""
    closed_at = None if story["closed"] is None else base + timedelta(seconds=story["closed"])
    own = {name: story[name] for name in ("status", "team", "channel", "tags")}
    first = conversation(number, started_at=base, updated_at=base, **own)
    found = [("conversations", base, first)]
    if closed_at:
        found.append(("conversations", closed_at, first | {"closed_at": closed_at, "updated_at": closed_at}))
    for place, (what, after) in enumerate(story["steps"]):
        key, at = f"{number}-{9 - place}", base + timedelta(seconds=after)
        if what in WRITES:
            found.append(("messages", at, message(key, number, sent_at=at, **WRITES[what])))
        else:
            found.append(("events", at, event(key, number, type=what, occurred_at=at)))
    return found


def check(base: datetime, told: list[dict[str, Any]], looks: list[float]) -> None:
    """At each of the looks the build, incremental from the second on, is what plain Python says."""
    all_records = [one for number, story in enumerate(told) for one in records(number, base, story)]
    with TemporaryDirectory() as name:
        folder = Path(name)
        config = write_config(folder, accounts=[account(*TARGETS, working_hours=HOURS)], extra=LOOSE)
        before = None
        for number, look in enumerate(sorted(looks)):
            now = base + timedelta(seconds=look)
            new: dict[str, list[Row]] = {"agents": []}
            for entity, at, row in all_records:
                if at <= now and (before is None or at > before):
                    new.setdefault(entity, []).append(row)
            write_batch(folder / "drop" / f"b{number}", new, now.isoformat())
            expected, found = oracle.compute(config), build_marts(config, incremental=True)
            for mart in KEYS:
                assert differences(mart, expected[mart], found[mart]) == []
            before = now


arguments = given(
    st.sampled_from(BASES),
    st.lists(stories, min_size=6, max_size=12),
    st.lists(st.sampled_from([0, 1800, 1801, 3600, 7200, 86_400, 200_000]), min_size=1, max_size=3, unique=True),
)
unhurried: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True}


@arguments
@settings(max_examples=examples(10), **unhurried)
def test_any_history_at_any_instant(base: datetime, told: list[dict[str, Any]], looks: list[float]) -> None:
    check(base, told, looks)


@pytest.mark.slow
@arguments
@settings(max_examples=300, **(unhurried | {"derandomize": False}))
def test_any_history_at_any_instant_often(base: datetime, told: list[dict[str, Any]], looks: list[float]) -> None:
    check(base, told, looks)


# --- what docs/figures.md says in words, one by one

STARTED = datetime(2026, 1, 5, 8, tzinfo=UTC)  # a Monday, 09:00 in Paris
ANSWER = target("answer", "first_response", "1h")
REPLY = target("reply", "reply", "1h")
SOLUTION = target("solution", "resolution", "1h")
MET, MISSED, PENDING = (1, 0, 0), (0, 1, 0), (0, 0, 1)
"""Units that are met, missed and pending."""


def at(minutes: float) -> datetime:
    return STARTED + timedelta(minutes=minutes)


@dataclass(frozen=True)
class Case:
    """One conversation: its messages and events with the minutes after its start, and when its source was read."""

    steps: list[tuple[str, float]]
    expected: dict[str, tuple[int, int, int]]
    until: float = 600
    own: dict[str, object] = field(default_factory=dict)
    account: str = "acme"

    def batch(self, name: str) -> dict[str, list[Row]]:
        """Its records; the team tells it from others in ``by_target``."""
        story = {"steps": [(what, after * 60) for what, after in self.steps], "status": "OPEN", "closed": None}
        found: dict[str, list[Row]] = {}
        for entity, _, row in records(1, STARTED, story | {"team": name, "channel": None, "tags": None}):
            found.setdefault(entity, []).append(row | (self.own if entity == "conversations" else {}))
        return found


ALL_MISSED = {"answer": MISSED, "reply": MISSED, "solution": MISSED}
ALL_PENDING = {"answer": PENDING, "reply": PENDING, "solution": PENDING}
CLOSED = {"status": "CLOSED"}
OFFICE = [{"days": ["mon", "tue"], "spans": ["09:00-10:00"], "valid_from": date(2026, 1, 5)}]
CASES = {
    "exactly": Case([("in", 0), ("human", 60)], {"answer": MET, "reply": MET, "solution": MISSED}),
    "a fraction of a second is dropped": Case(
        [("in", 0), ("human", 60 + 0.9 / 60)], {"answer": MET, "reply": MET, "solution": MISSED}
    ),
    "a second more": Case([("in", 0), ("human", 60 + 1 / 60)], ALL_MISSED),
    "open": Case([("in", 0)], ALL_PENDING, until=60),
    "open for too long": Case([("in", 0)], ALL_MISSED, until=61),
    "closed before anything was due": Case([("in", 0), ("closed", 30)], {}, own=CLOSED),
    "closed too late": Case([("in", 0), ("closed", 61)], ALL_MISSED, own=CLOSED),
    "closed nobody knows when": Case([("in", 0)], {}, own=CLOSED),
    "reopened and closed nobody knows when": Case([("in", 0), ("closed", 61), ("reopened", 62)], {}, own=CLOSED),
    "a close in time": Case([("in", 0)], {"solution": MET}, own={"closed_at": at(60)}),
    "a close too late": Case([("in", 0)], ALL_MISSED, own={"closed_at": at(61)}),
    "a close before the start": Case([("in", 0)], {}, own={"closed_at": at(-1)}),
    "written after the close": Case([("in", 90)], {"solution": MET}, own={"closed_at": at(10)}),
    "open again": Case([("in", 0), ("closed", 30)], ALL_MISSED),
    "the wait for an answer begins anew at a reopening": Case(
        [("in", 0), ("closed", 30), ("reopened", 90)],
        {"answer": PENDING, "reply": MISSED, "solution": MISSED},
        until=120,
    ),
    "each wait is one": Case(
        [("in", 0), ("human", 10), ("in", 20), ("human", 100), ("in", 110), ("in", 150), ("bot", 151)],
        {"answer": MET, "reply": (1, 1, 1), "solution": MISSED},
        until=160,
    ),
    "the customer never wrote": Case([("human", 0)], {"solution": MISSED}),
    "somebody may have answered": Case([("in", 0), ("somebody", 10), ("in", 20)], {"solution": MISSED}),
    "somebody wrote before": Case([("somebody", 0), ("in", 10)], ALL_MISSED),
    "somebody wrote, then an agent": Case(
        [("in", 0), ("somebody", 10), ("human", 20)], {"answer": MET, "reply": MET, "solution": MISSED}
    ),
    "somebody wrote before the hand-over": Case(
        [("in", 0), ("somebody", 10), ("handoff", 20)], {"answer": MISSED, "solution": MISSED}
    ),
    "somebody wrote at the hand-over": Case([("in", 0), ("handoff", 20), ("somebody", 20)], {"solution": MISSED}),
    # open on Monday and Tuesday from 09:00 to 10:00
    "an hour of the office": Case([("in", 0)], ALL_PENDING, account="office"),
    "a minute of the next day": Case([("in", 0)], ALL_MISSED, account="office", until=24 * 60 + 1),
    "ten days later": Case([("in", 0)], ALL_MISSED, account="office", until=10 * 24 * 60),
    "before there was a schedule": Case(
        [("in", 0), ("human", 1)],
        {"answer": MET, "reply": MET},
        account="office",
        own={"started_at": at(-24 * 60)},
    ),
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[object, dict[object, tuple[object, ...]]]:
    """Of each case, by target, the units that are met, missed and pending."""
    folder = tmp_path_factory.mktemp("targets")
    targets = [ANSWER, REPLY, SOLUTION]
    accounts = [
        account(*targets),
        account(*(one | {"in": "working_hours"} for one in targets), id="office", working_hours=OFFICE),
    ]
    sources = []
    for number, (name, case) in enumerate(CASES.items()):
        sources.append({"name": f"s{number}", "kind": "export", "account": case.account, "path": f"s{number}"})
        write_batch(folder / f"s{number}" / "b1", case.batch(name), at(case.until).isoformat())
    config = write_config(folder, accounts=accounts, sources=sources, extra=LOOSE)
    expected, found = oracle.compute(config), build_marts(config)
    assert differences("by_target", expected["by_target"], found["by_target"]) == []
    by_case: dict[object, dict[object, tuple[object, ...]]] = {}
    for row in found["by_target"]:
        if row["grain"] == "day":
            by_case.setdefault(row["team"], {})[row["target"]] = (row["met"], row["missed"], row["pending"])
    return by_case


@pytest.mark.parametrize("name", CASES)
def test_a_case(outcomes: dict[str, dict[str, tuple[int, ...]]], name: str) -> None:
    assert outcomes.get(name, {}) == CASES[name].expected


def test_which_conversations_a_target_counts(tmp_path: Path) -> None:
    """Each has one target at least that does not count it."""
    some = target("some", "resolution", "1h", teams=["Sales", "(no team)"], tags=["vip", "(untagged)"])
    later = [target("later", "resolution", "1h", valid_from=date(2026, 1, 6))]
    later += [target("later", "resolution", "10h", valid_from=date(2026, 1, 5), channels=["none"])]
    config = write_config(tmp_path, accounts=[account(some, *later, target("every", "resolution", "1d"))])
    counted: dict[str, tuple[Row, set[str]]] = {
        "of a team": ({"team": " Sales "}, {"some"}),
        "of none": ({"tags": ["vip", "x"]}, {"some"}),
        "of another": ({"team": "Support", "tags": ["vip"]}, set()),
        "of another tag": ({"team": "Sales", "tags": ["Vip"]}, set()),
        "of a channel": ({"channel": "none", "tags": ["x"]}, {"later"}),
        "of the next day": ({"channel": "none", "tags": ["x"], "started_at": at(24 * 60)}, {"later"}),
        "of the day before": ({"channel": "none", "tags": ["x"], "started_at": at(-24 * 60)}, set()),
    }
    rows = [conversation(key, started_at=STARTED) | own for key, (own, _) in counted.items()]
    write_batch(tmp_path / "drop" / "b1", {"conversations": rows}, at(30 * 24 * 60).isoformat())
    found = {row["conversation_id"]: row["targets_missed"] for row in build_marts(config)["details"]}
    assert found == {key: sorted({"every", *names}) for key, (_, names) in counted.items()}


def test_an_hour_that_the_clock_shows_twice_is_two(tmp_path: Path) -> None:
    night = [{"days": ["sun"], "spans": ["02:00-03:00"]}]
    reply = target("reply", "reply", "90m", **{"in": "working_hours"})
    config = write_config(tmp_path, accounts=[account(reply, working_hours=night)])
    sent = {"c1": "2026-10-25T01:31:00Z", "c2": "2026-10-25T01:30:00Z"}
    rows = {
        "conversations": [conversation(key, started_at="2026-10-24T12:00:00Z") for key in sent],
        "messages": [message(key, key, sent_at="2026-10-24T12:00:00Z") for key in sent]
        + [message(f"{key}-reply", key, sent_at=when, **WRITES["human"]) for key, when in sent.items()],
    }
    write_batch(tmp_path / "drop" / "b1", rows, "2026-11-02T00:00:00Z")
    details = {row["conversation_id"]: row for row in build_marts(config)["details"]}
    assert (details["c1"]["targets_missed"], details["c1"]["targets_met"]) == (["reply"], [])
    assert (details["c2"]["targets_missed"], details["c2"]["targets_met"]) == ([], ["reply"])


def test_time_alone_makes_what_is_pending_missed(tmp_path: Path) -> None:
    """No record of the conversation comes: the second build does not recompute it."""
    config = write_config(tmp_path, accounts=[account(ANSWER, SOLUTION | {"within": "1d"})])
    first = {"conversations": [conversation(started_at=STARTED)], "messages": [message(sent_at=STARTED)]}
    write_batch(tmp_path / "drop" / "b1", first, at(30).isoformat())
    (before,) = build_marts(config, incremental=True)["details"]
    assert (before["targets_missed"], before["targets_met"]) == ([], [])
    write_batch(tmp_path / "drop" / "b2", {"agents": []}, at(90).isoformat())
    (after,) = build_marts(config, incremental=True)["details"]
    assert (after["targets_missed"], after["targets_met"]) == (["answer"], [])


def test_a_source_that_was_read_later_says_nothing_of_another(tmp_path: Path) -> None:
    sources = [{"name": name, "kind": "export", "account": "acme", "path": name} for name in ("early", "late")]
    config = write_config(tmp_path, accounts=[account(ANSWER)], sources=sources)
    rows = {"conversations": [conversation(started_at=STARTED)], "messages": [message(sent_at=STARTED)]}
    for name, until in (("early", 30), ("late", 90)):
        write_batch(tmp_path / name / "b1", rows, at(until).isoformat())
    found = {row["source_system"]: row["targets_missed"] for row in build_marts(config)["details"]}
    assert found == {"early": [], "late": ["answer"]}
