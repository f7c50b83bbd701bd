"""What a look finds to be new since the last run, without reading anything."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingestion.decisions import reject
from ingestion.ingest import SourceReport
from ingestion.settings import load_settings
from orchestration import news
from orchestration.home import Home, lock, unlock
from orchestration.progress import Reporter
from tests.drops import conversation, message, write_batch, write_config
from tests.warehouse import accept

NOW = datetime(2026, 2, 3, 4, tzinfo=UTC)
SOURCES = [
    {"name": "acme_export", "kind": "export", "account": "acme", "path": "drop"},
    {
        "name": "desk",
        "kind": "files",
        "account": "acme",
        "path": "desk",
        "settle_seconds": 0,
        "conversations": {
            "files": "*.csv",
            "columns": {"conversation_id": "id", "started_at": {"column": "at", "format": "iso"}},
        },
    },
    {"name": "hooks", "kind": "meta_webhooks", "account": "acme", "path": "hooks"},
]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    for name in ("drop", "desk", "hooks"):
        (tmp_path / name).mkdir()
    return write_config(tmp_path, sources=SOURCES)


def run(config: Path, reports: Sequence[SourceReport] = ()) -> None:
    """A run that looks, ingests the batches of the export, and ends."""
    settings = load_settings(config)
    reporter = Reporter(Home(settings.home))
    settings.home.mkdir(exist_ok=True)
    with reporter.step("ingest", "a run"):
        reporter.sources_seen(news.look(settings))
        accept(write_config(config.parent, sources=SOURCES[:1]))
        write_config(config.parent, sources=SOURCES)
        reporter.is_new = False
        reporter.sources_read(list(reports))
    reporter.finish()


def found(config: Path, minutes: float = 0) -> list[str]:
    return news.news(load_settings(config), datetime.now(UTC) + timedelta(minutes=minutes))


def test_before_the_first_run_all_is_new(config: Path) -> None:
    assert found(config) == ["no run has looked yet"]


def test_what_a_run_has_seen_is_not_new_whatever_became_of_it(config: Path) -> None:
    write_batch(config.parent / "drop" / "b1", {"conversations": [conversation()]})
    broken = [message(f"x{number}", sent_at="no time") for number in range(12)]
    write_batch(config.parent / "drop" / "b2", {"messages": broken})
    (config.parent / "desk" / "a.csv").write_text("id,at\n1,2026-01-02T09:00:00Z\n")
    (config.parent / "hooks" / "a.ndjson").write_text("{}\n")
    run(config)
    assert found(config) == []


def test_each_kind_of_delivery_is_new(config: Path) -> None:
    run(config)
    write_batch(config.parent / "drop" / "b1", {"conversations": [conversation()]})
    assert found(config) == ["acme_export: something has changed"]
    (config.parent / "desk" / "a.csv").write_text("id,at\n1,2026-01-02T09:00:00Z\n")
    (config.parent / "hooks" / "a.ndjson").write_text("{}\n")
    assert found(config) == [f"{name}: something has changed" for name in ("acme_export", "desk", "hooks")]
    run(config)
    with (config.parent / "hooks" / "a.ndjson").open("a") as archive:
        archive.write("{}\n")
    assert found(config) == ["hooks: something has changed"]


def test_what_is_not_complete_yet_is_not_new(config: Path) -> None:
    run(config)
    write_batch(config.parent / "drop" / "b1", {"conversations": [conversation()]}, manifest=False)
    assert found(config) == []


def test_a_batch_that_was_corrected_is_new(config: Path) -> None:
    folder = config.parent / "drop" / "b1"
    write_batch(folder, {"messages": [message(f"x{number}", sent_at="no time") for number in range(12)]})
    run(config)
    assert found(config) == []
    write_batch(folder, {"messages": [message()], "conversations": [conversation()]})
    os.utime(folder / "manifest.json", ns=(1, 1))
    assert found(config) == ["acme_export: something has changed"]


def test_a_decision_and_another_configuration_are_new(config: Path) -> None:
    folder = config.parent / "drop" / "b1"
    write_batch(folder, {"messages": [message(f"x{number}", sent_at="no time") for number in range(12)]})
    run(config)
    run(config)
    reject(load_settings(config), "acme_export", "b1", "a test", NOW)
    assert found(config) == ["what operators decided or asked for: something has changed"]
    run(config)
    write_config(config.parent, sources=SOURCES, extra="[quality]\nquarantine_rows = 20\n")
    assert found(config) == ["the configuration or the software: something has changed"]
    write_config(config.parent, sources=SOURCES, extra="[quality]\nstale_after_hours = 20\n")
    assert found(config) == []


def test_a_live_source_is_due_after_its_time(tmp_path: Path) -> None:
    live = {
        "name": "live",
        "kind": "chatwoot",
        "account": "acme",
        "base_url": "https://chat.acme.example",
        "account_id": 1,
        "token_env": "TOKEN",
        "read_every_minutes": 30,
    }
    (tmp_path / "drop").mkdir()
    config = write_config(tmp_path, sources=[SOURCES[0], live])
    settings = load_settings(config)
    settings.home.mkdir()
    reporter = Reporter(Home(settings.home))
    with reporter.step("ingest", "a run"):
        reporter.is_new = False
        reporter.sources_seen(news.look(settings))
        reporter.sources_read([])
    assert found(config, minutes=29) == []
    assert found(config, minutes=31) == ["live: it is due to be read"]
    assert found(config, minutes=-31) == ["live: it is due to be read"], "the clock was set back"


def test_after_a_source_failed_it_is_tried_again_after_a_while(config: Path) -> None:
    run(config, [SourceReport("desk", failure="desk: the disk is full")])
    assert found(config, minutes=14) == []
    assert found(config, minutes=16) == ["the last run has failed, and may go better now"]


def test_a_run_that_failed_before_it_had_read_the_sources_is_tried_again_after_a_while(config: Path) -> None:
    write_batch(config.parent / "drop" / "b1", {"conversations": [conversation()]})
    settings = load_settings(config)
    settings.home.mkdir()
    reporter = Reporter(Home(settings.home))
    with pytest.raises(OSError, match="no space"), reporter.step("ingest", "a run"):
        reporter.sources_seen(news.look(settings))
        raise OSError("no space")
    assert found(config, minutes=14) == []
    assert found(config, minutes=16) == ["the last run has failed, and may go better now"]


def test_while_a_run_is_at_work_nothing_is_new(config: Path) -> None:
    run(config)
    write_batch(config.parent / "drop" / "b1", {"conversations": [conversation()]})
    home = Home(load_settings(config).home)
    lock(home)
    try:
        assert found(config) == []
    finally:
        unlock(home)
