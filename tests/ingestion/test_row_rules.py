"""What decides about rows has one name, which changes with each such thing and with nothing else."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ingestion import export_format, source_kinds
from ingestion.export_format import ColumnType, Entity
from ingestion.parsing import files, readers, row_rules, rules
from ingestion.parsing.row_rules import in_essence, rules_of
from ingestion.raw.compaction import compact
from ingestion.settings import load_settings
from ingestion.source_kinds import EXPORT, FILES, KINDS
from ingestion.storage import compression
from ingestion.storage.ledger import Counts, Entry, Ledger
from orchestration.dbt.plan import make_plan
from tests.drops import contact, conversation, message, rating, write_batch, write_config
from tests.warehouse import accept, build_marts

SCALE = (1, 5)


@pytest.fixture(autouse=True)
def _fresh_rules() -> Iterator[None]:
    rules_of.cache_clear()
    yield
    rules_of.cache_clear()


def names() -> dict[str, str]:
    rules_of.cache_clear()
    return {kind: rules_of(kind, SCALE) for kind in KINDS}


def changed(entity: Entity, which: str, /, **values: Any) -> Entity:
    columns = tuple(replace(of, **values) if of.name == which else of for of in entity.columns)
    assert columns != entity.columns
    return replace(entity, columns=columns)


# --- what changes it -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entity", "column", "values"),
    [
        ("messages", "direction", {"words": ("inbound", "outbound", "sideways")}),
        ("conversations", "contact_id", {"required": True}),
        ("ratings", "asked_at", {"happened": False}),
        ("contacts", "phone", {"type": ColumnType.ID}),
        ("agents", "team", {"name": "teams"}),
    ],
    ids=str,
)
def test_each_trait_of_a_column_of_the_export(
    monkeypatch: pytest.MonkeyPatch, entity: str, column: str, values: dict[str, Any]
) -> None:
    before = names()
    monkeypatch.setitem(export_format.ENTITIES, entity, changed(export_format.ENTITIES[entity], column, **values))  # type: ignore[arg-type]
    after = names()
    assert [kind for kind in KINDS if before[kind] != after[kind]] == [EXPORT, FILES]


@pytest.mark.parametrize(
    ("kind", "entity", "column", "values"),
    [
        ("chatwoot", "messages", "sender_id", {"path": "sender.uuid"}),
        ("chatwoot", "messages", "activity", {"only": ("message_type", ("3",))}),
        ("chatwoot", "events", "name", {"required": False}),
        ("activecampaign", "conversations", "agent_id", {"path": "assignees|first"}),
        ("meta_webhooks", "statuses", "occurred_at", {"type": ColumnType.INSTANT}),
    ],
    ids=str,
)
def test_each_trait_of_a_value_of_a_live_system_and_only_of_this_one(
    monkeypatch: pytest.MonkeyPatch, kind: str, entity: str, column: str, values: dict[str, Any]
) -> None:
    before = names()
    of_kind = source_kinds.entities_of(kind)
    monkeypatch.setitem(of_kind, entity, changed(of_kind[entity], column, **values))  # type: ignore[arg-type]
    after = names()
    assert [name for name in KINDS if before[name] != after[name]] == [kind]


@pytest.mark.parametrize(
    ("place", "name", "value"),
    [
        (rules, "FUTURE_TOLERANCE_SECONDS", 301),
        (rules, "INSTANT", r"\d{4}.*"),
        (rules, "_SPACE", r"\s"),
        (rules, "_WRONG_TYPE", dict.fromkeys(ColumnType, "wrong")),
        (readers, "_FRACTION", r"\d+"),
        (readers, "_FIRST_INSTANT", "timestamptz '1970-01-01 00:00:00+00'"),
        (readers, "_is_whole", lambda kind: kind == "BIGINT"),
        (readers, "_SMALLEST_BUFFER", 1 << 30),
        (readers, "json_text", lambda text, json_type, column: rules.Value(text)),
        (files, "FILE_NAME", re.compile("(?P<entity>[a-z]+)[.](?P<format>csv)")),
        (row_rules.duckdb, "__version__", "2.0.0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_pattern_limit_and_way_of_reading(
    monkeypatch: pytest.MonkeyPatch, place: object, name: str, value: object
) -> None:
    before = names()
    monkeypatch.setattr(place, name, value)
    assert names()[EXPORT] != before[EXPORT]


def test_the_rating_scale() -> None:
    assert rules_of(EXPORT, (1, 10)) != rules_of(EXPORT, (1, 5))


def test_what_a_function_does_that_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    def open_text(path: Path, *, errors: str) -> str:
        return path.read_text(encoding="latin-1", errors=errors)

    before = names()
    functions = row_rules.DECIDING_CODE[EXPORT]
    assert compression.open_text in functions
    monkeypatch.setitem(row_rules.DECIDING_CODE, EXPORT, (open_text, *functions[1:]))
    assert names()[EXPORT] != before[EXPORT]


# --- what does not ---------------------------------------------------------------------------------------------


def plain(path, errors):
    taken = {"a": 1}
    return [line for line in path.read_text(errors) if line in taken]


def tidied(
    path,
    errors,
):
    """What it does."""
    # why it does so
    taken = {"a": 1}

    return [
        line
        for line in path.read_text(errors)  # each of them
        if line in taken
    ]


class Elsewhere:
    def plain(path, errors):
        """Moved."""
        taken = {"a": 1}
        return [line for line in path.read_text(errors) if line in taken]


def test_layout_comments_docstrings_and_the_place_of_code() -> None:
    assert in_essence(tidied).replace("tidied", "plain") == in_essence(plain)
    assert in_essence(Elsewhere.plain) == in_essence(plain)


@pytest.mark.builds
def test_the_process_and_where_it_is_started(tmp_path: Path) -> None:
    asked = "from ingestion.source_kinds import KINDS; from ingestion.parsing.row_rules import rules_of; import json;"
    asked += "print(json.dumps({kind: rules_of(kind, (1, 5)) for kind in KINDS}))"
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=tmp_path, env={"PYTHONHASHSEED": "7"}, stdout=-1, check=True
    )
    assert json.loads(done.stdout) == names()


# --- what becomes of rows of other rules -------------------------------------------------------------------------


def write_old(tmp_path: Path) -> Path:
    """A home of two batches, as the software before wrote it: its rules were numbered."""
    config = write_config(tmp_path)
    rated = [rating(f"r{number}", rating=number) for number in range(1, 6)]
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation()], "ratings": rated})
    write_batch(tmp_path / "drop" / "b2", {"messages": [message()]})
    accept(config)
    with sqlite3.connect(tmp_path / "var" / "ledger.sqlite") as connection:
        connection.execute("update segments set rules = '3/1-5'")
    return config


def entries(config: Path) -> dict[str, Entry]:
    with Ledger(load_settings(config).home / "ledger.sqlite") as ledger:
        return {entry.batch: entry for entry in ledger.entries()}


@pytest.mark.builds
def test_an_old_home_is_parsed_again_without_a_hand_and_says_so_once(tmp_path: Path) -> None:
    config = write_old(tmp_path)
    before, marts = entries(config), build_marts(config, ingest_first=False)
    (report,) = accept(config)
    assert report.warnings == [
        "acme_export: 2 accepted batches were parsed again from landing, because the rules for rows have"
        " changed; the build is full"
    ]
    assert (report.refusals, report.entries) == ([], [])
    after = entries(config)
    assert {name: replace(entry, segment=None) for name, entry in after.items()} == {
        name: replace(entry, segment=None) for name, entry in before.items()
    }
    assert all(after[name].segment != before[name].segment for name in before)
    assert build_marts(config) == marts
    assert accept(config)[0].warnings == []


@pytest.mark.builds
def test_figures_and_counts_follow_the_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write_old(tmp_path)
    messages = changed(export_format.MESSAGES, "direction", words=("outbound",))
    monkeypatch.setitem(export_format.ENTITIES, "messages", messages)
    plan = make_plan(load_settings(config), [])
    rules_of.cache_clear()
    accept(config)
    assert entries(config)["b2"].counts == {"messages": Counts(1, 1)}
    assert build_marts(config)["details"][0]["messages"] == 0
    assert make_plan(load_settings(config), []).rules != plan.rules


def test_what_would_be_refused_now_stays_accepted_and_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write_config(tmp_path)
    write_batch(tmp_path / "drop" / "b1", {"contacts": [contact(f"k{number}") for number in range(40)]})
    accept(config)
    monkeypatch.setitem(export_format.ENTITIES, "contacts", changed(export_format.CONTACTS, "name", required=True))
    rules_of.cache_clear()
    (report,) = accept(config)
    assert report.refusals == []
    assert entries(config)["b1"].status == "accepted"
    assert report.warnings[0].startswith("acme_export: 1 accepted batch was parsed again from landing, because ")
    assert report.warnings[1].startswith(
        "acme_export b1: accepted before, and would be refused by today's rules: acme_export b1: 40 of 40 contacts rows"
    )
    assert len(report.warnings) == 2


def test_clocks_are_compared_again_in_the_order_in_which_batches_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_config(tmp_path)
    for name, minute in (("b2", 1), ("b1", 2), ("b3", 2)):
        write_batch(tmp_path / "drop" / name, {"messages": [message(sent_at=f"2026-01-02T09:0{minute}:00+01:00")]})
        accept(config)
    before = {name: entry.counts for name, entry in entries(config).items()}
    assert [before[name]["messages"].known for name in ("b2", "b1", "b3")] == [0, 1, 1]
    with sqlite3.connect(tmp_path / "var" / "ledger.sqlite") as connection:
        connection.execute("update segments set rules = '3/1-5'")
        connection.execute("""update batches set counts = '{"messages": {"landed": 1, "restated": 7}}'""")
    accept(config)
    assert {name: entry.counts for name, entry in entries(config).items()} == before


def test_a_refused_batch_is_judged_by_the_rules_of_today(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write_config(tmp_path)
    rows = [message(f"m{number}", direction="sideways") for number in range(40)]
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation()], "messages": rows})
    (refused,) = accept(config)[0].having("refused")
    words = ("inbound", "outbound", "sideways")
    monkeypatch.setitem(export_format.ENTITIES, "messages", changed(export_format.MESSAGES, "direction", words=words))
    rules_of.cache_clear()
    (report,) = accept(config)
    assert [entry.batch for entry in report.having("accepted")] == ["b1"]
    assert report.warnings == []
    assert entries(config)["b1"].segment != refused.segment


@pytest.mark.builds
def test_a_source_that_cannot_be_parsed_again_stays_as_it_was_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_old(tmp_path)
    before, marts = entries(config), build_marts(config, ingest_first=False)
    plan = make_plan(load_settings(config), [])
    lost = tmp_path / "var" / "landing" / "acme_export" / "b2" / "messages.ndjson"
    lost.unlink()
    (report,) = accept(config)
    assert report.failure is not None
    assert report.failure.startswith(
        f"{lost}: it is missing; the batch was accepted before and has to be parsed again: restore it in landing"
    )
    assert report.warnings == []
    assert entries(config) == before, "all batches of a source are of one rule"
    assert [path.name for path in (tmp_path / "var" / "raw" / "acme_export").iterdir()] == [before["b1"].segment]
    assert build_marts(config, ingest_first=False) == marts
    assert make_plan(load_settings(config), []).rules == plan.rules


def test_a_plan_tells_rows_of_other_rules(tmp_path: Path) -> None:
    config = write_old(tmp_path)
    old = make_plan(load_settings(config), [])
    accept(config)
    assert make_plan(load_settings(config), []).rules != old.rules


def test_segments_of_other_rules_are_not_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingestion.raw.compaction.FAN_IN", 2)
    config = write_old(tmp_path)
    write_batch(tmp_path / "drop" / "b3", {"messages": [message("m3")]})
    said: list[str] = []
    compact(load_settings(config), said.append)
    assert said == []
