"""What dbt finds in a new build file: raw as views, the configuration and the accepted batches as tables."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.accepted import accepted_batches
from ingestion.builds.build_file import create_build
from ingestion.ingest import ingest_sources
from ingestion.settings import load_settings
from tests.drops import COLUMNS, agent, conversation, rating, write_batch, write_config, write_files

HOUR = 3600
CLOSED = (None, None)


class Build:
    """A build of a configuration and its drop, made after one run."""

    def __init__(self, folder: Path, **config: Any) -> None:
        settings = load_settings(write_config(folder, **config))
        for source in settings.sources:
            source.path.mkdir(parents=True, exist_ok=True)
        ingest_sources(settings, lambda _: None)
        self.path = folder / "build.duckdb"
        create_build(self.path, settings, *accepted_batches(settings))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return connection.execute(query).fetchall()

    def types(self, relation: str) -> dict[str, str]:
        return {name: kind for name, kind, *_ in self.rows(f"describe {relation}")}


def expected_types(entity: str) -> dict[str, str]:
    """Of the columns of an entity by their names, and of those that say where a record came from."""
    special = {
        "tags": "VARCHAR[]",
        "rating": "INTEGER",
        "deleted": "BOOLEAN",
        "private": "BOOLEAN",
        "active": "BOOLEAN",
        "is_test": "BOOLEAN",
    }
    kinds = {
        name: "TIMESTAMP WITH TIME ZONE" if name.endswith("_at") else special.get(name, "VARCHAR")
        for name in COLUMNS[entity]
    }
    origin = dict.fromkeys(["source_system", "_batch", "_file", "_reasons"], "VARCHAR")
    return {**kinds, **origin, "_line": "BIGINT"}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Build:
    return Build(tmp_path_factory.mktemp("empty"))


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Every entity, two sources, several batches and formats; one batch is refused."""
    folder = tmp_path_factory.mktemp("it's full")
    first, second = folder / "drop", folder / "other"
    every = {entity: [dict.fromkeys(columns)] for entity, columns in COLUMNS.items()}
    write_batch(first / "b1", every, "2026-01-05T02:00:00.123456+05:30", file_format="parquet")
    write_batch(first / "b2", {"agents": [agent(1), agent(""), agent(2)]}, parts=2, gz=True)
    write_files(first / "b3", {"agents.csv": b"agent_id\n3\n\n4\n"}, {"agents.csv": 2}, "2026-01-06T02:00:00Z")
    write_batch(first / "b4", {"agents": [agent("")] * 20})
    write_batch(second / "b1", {"conversations": [conversation(1, tags=["a"])], "ratings": [rating(rating=4)]})
    sources = [
        {"name": "acme_export", "kind": "export", "account": "acme", "path": "drop"},
        {"name": "other", "kind": "export", "account": "beta", "path": "other"},
    ]
    accounts = [
        {
            "id": "acme",
            "timezone": "Europe/Paris",
            "working_hours": [
                {"days": ["mon", "sun", "mon"], "spans": ["09:00-12:00", "14:00-24:00"]},
                {"valid_from": date(2026, 1, 1), "days": ["sat"], "spans": []},
                {"valid_from": date(2026, 2, 1), "days": [], "spans": ["10:00-11:00"]},
                {"valid_from": date(2026, 3, 1), "days": ["tue"], "spans": ["00:00-00:01"]},
            ],
            "holidays": [
                {"date": date(2026, 5, 14), "spans": []},
                {"date": date(2026, 12, 24), "spans": ["09:00-12:00", "13:00-14:00"]},
            ],
            "targets": [
                {"name": "l'été", "measure": "reply", "within": "2h", "in": "working_hours", "tags": ["a", 'b"', "a"]},
                {"name": "l'été", "measure": "reply", "within": "1h", "valid_from": date(2026, 1, 1), "teams": ["t"]},
            ],
        },
        {"id": "beta", "timezone": "America/New_York", "week_start": "sunday", "rating_scale": [0, 10]},
    ]
    return Build(folder, accounts=accounts, sources=sources, extra='[privacy]\ncontact_phone = "plain"')


# --- raw


@pytest.mark.parametrize("entity", COLUMNS)
def test_an_entity_that_never_came_is_an_empty_view_of_the_same_types(empty: Build, full: Build, entity: str) -> None:
    assert empty.rows(f"from export.{entity}") == []
    assert empty.types(f"export.{entity}") == full.types(f"export.{entity}") == expected_types(entity)


def test_nothing_else_is_in_the_schema_of_raw(empty: Build) -> None:
    found = empty.rows("select view_name from duckdb_views() where schema_name = 'export' order by 1")
    assert [name for (name,) in found] == sorted(COLUMNS)


def test_a_view_holds_every_record_of_the_accepted_batches(full: Build) -> None:
    found = full.rows(
        "select agent_id, source_system, _batch, _file, _reasons from export.agents"
        " order by source_system, _batch, _file, _line"
    )
    missing = "agent_id: missing"
    assert found == [
        (None, "acme_export", "b1", "agents.parquet", missing),
        ("1", "acme_export", "b2", "agents-0001.ndjson.gz", None),
        (None, "acme_export", "b2", "agents-0001.ndjson.gz", missing),
        ("2", "acme_export", "b2", "agents-0002.ndjson.gz", None),
        ("3", "acme_export", "b3", "agents.csv", None),
        ("4", "acme_export", "b3", "agents.csv", None),
    ]


def test_a_view_joins_the_sources(full: Build) -> None:
    found = full.rows("select conversation_id, source_system, started_at, tags from export.conversations order by 2")
    assert found == [
        (None, "acme_export", None, None),
        ("1", "other", datetime(2026, 1, 2, 8, tzinfo=UTC), ["a"]),
    ]


# --- the configuration


def test_accounts(full: Build) -> None:
    columns = "account_id, timezone, week_starts_on, rating_worst, rating_best, contact_phone"
    assert full.rows(f"select {columns} from settings.accounts") == [
        ("acme", "Europe/Paris", 1, 1, 5, "plain"),
        ("beta", "America/New_York", 7, 0, 10, "plain"),
    ]


def test_the_offsets_of_the_zones_of_the_accounts(full: Build) -> None:
    """From the year 1 to the year 9999, without a gap."""
    offsets = "settings.zone_offsets where timezone = 'America/New_York'"
    assert full.rows("select distinct timezone from settings.zone_offsets order by 1") == [
        ("America/New_York",),
        ("Europe/Paris",),
    ]
    assert full.rows(f"select from_at, to_at, utc_offset_seconds / 3600 from {offsets} and year(from_at) = 2045") == [
        (datetime(2045, 3, 12, 7), datetime(2045, 11, 5, 6), -4),
        (datetime(2045, 11, 5, 6), datetime(2046, 3, 11, 7), -5),
    ]
    ends = "cast(min(from_at) as varchar), cast(max(to_at) as varchar), count(*) - count(distinct from_at)"
    gaps = "sum(case when epoch(to_at) > epoch(from_at) then epoch(to_at) - epoch(from_at) end)"
    total = "epoch(max(to_at)) - epoch(min(from_at))"
    assert full.rows(f"select {ends}, {gaps} = {total} from {offsets}") == [
        ("0001-01-01 00:00:00", "10000-01-01 00:00:00", 0, True)
    ]


def test_sources(full: Build) -> None:
    assert full.rows("select source_system, account_id, kind from settings.sources") == [
        ("acme_export", "acme", "export"),
        ("other", "beta", "export"),
    ]


def test_working_hours(full: Build) -> None:
    """A block without hours counts too: it replaces the earlier ones."""
    columns = "account_id, valid_from, iso_weekday, opens_seconds, closes_seconds"
    assert full.rows(f"select {columns} from settings.working_hours") == [
        ("acme", None, 1, 9 * HOUR, 12 * HOUR),
        ("acme", None, 1, 14 * HOUR, 24 * HOUR),
        ("acme", None, 7, 9 * HOUR, 12 * HOUR),
        ("acme", None, 7, 14 * HOUR, 24 * HOUR),
        ("acme", date(2026, 1, 1), None, *CLOSED),
        ("acme", date(2026, 2, 1), None, *CLOSED),
        ("acme", date(2026, 3, 1), 2, 0, 60),
    ]


def test_holidays(full: Build) -> None:
    assert full.rows("select account_id, holiday_date, opens_seconds, closes_seconds from settings.holidays") == [
        ("acme", date(2026, 5, 14), *CLOSED),
        ("acme", date(2026, 12, 24), 9 * HOUR, 12 * HOUR),
        ("acme", date(2026, 12, 24), 13 * HOUR, 14 * HOUR),
    ]


def test_targets(full: Build) -> None:
    columns = "target_no, account_id, target, measure, within_seconds, in_working_hours, valid_from"
    assert full.rows(f"select {columns} from settings.targets") == [
        (1, "acme", "l'été", "reply", 2 * HOUR, True, None),
        (2, "acme", "l'été", "reply", HOUR, False, date(2026, 1, 1)),
    ]
    assert full.rows("select target_no, trait, value from settings.target_scopes") == [
        (1, "tag", "a"),
        (1, "tag", 'b"'),
        (2, "team", "t"),
    ]


def test_batches_are_the_accepted_ones(full: Build) -> None:
    assert full.rows("select source_system, batch, extracted_at from settings.batches") == [
        ("acme_export", "b1", datetime(2026, 1, 4, 20, 30, 0, 123456, tzinfo=UTC)),
        ("acme_export", "b2", datetime(2026, 1, 5, 2, tzinfo=UTC)),
        ("acme_export", "b3", datetime(2026, 1, 6, 2, tzinfo=UTC)),
        ("other", "b1", datetime(2026, 1, 5, 2, tzinfo=UTC)),
    ]


def test_batch_counts_are_those_of_the_ledger(full: Build) -> None:
    columns = "source_system, batch, entity, landed, quarantined, known, restated"
    assert full.rows(f"select {columns} from settings.batch_counts order by all") == [
        *(("acme_export", "b1", entity, 1, 1, 0, 0) for entity in sorted(COLUMNS)),
        ("acme_export", "b2", "agents", 3, 1, 0, 0),
        ("acme_export", "b3", "agents", 2, 0, 0, 0),
        ("other", "b1", "conversations", 1, 0, 0, 0),
        ("other", "b1", "ratings", 1, 0, 0, 0),
    ]


def test_settings_without_rows_keep_their_types(empty: Build, full: Build) -> None:
    tables = [name for (name,) in full.rows("select table_name from duckdb_tables() where schema_name = 'settings'")]
    assert len(tables) == 12
    for table in tables:
        assert empty.types(f"settings.{table}") == full.types(f"settings.{table}")
    for table in (
        *("working_hours", "holidays", "targets", "target_scopes"),
        *("batches", "batch_counts", "activity_texts", "csat_flows"),
    ):
        assert empty.rows(f"from settings.{table}") == []


def test_a_schedule_and_holidays_that_open_nothing(tmp_path: Path) -> None:
    account = {
        "id": "acme",
        "timezone": "UTC",
        "working_hours": [{"days": ["mon"], "spans": []}],
        "holidays": [{"date": date(2026, 5, 14), "spans": []}],
    }
    build = Build(tmp_path, accounts=[account])
    assert build.rows("from settings.working_hours") == [("acme", None, None, *CLOSED)]
    assert build.rows("from settings.holidays") == [("acme", date(2026, 5, 14), *CLOSED)]
