"""Runs and commands with a target: what fails there fails it alone, is said everywhere, and is made good."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from ingestion.settings import load_settings
from orchestration import news
from orchestration.assembly import JOB, build_defs
from orchestration.home import Home, lock, unlock
from orchestration.releases import catalog
from orchestration.troubles import troubles_of
from orchestration.verification import verify
from tests.database import free_port
from tests.drops import conversation, message, write_batch, write_config
from tests.end_to_end.command import PUBLISHED, REFUSED, causerie
from tests.postgres.conftest import DSN, Place
from tests.published import audited, publish

pytestmark = pytest.mark.postgres

AWAY = f"postgresql://publisher:geheim@127.0.0.1:{free_port()}/nothing"
SHOWN = "select release_id from causerie.release"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    deliver(tmp_path, "b1")
    return write_config(tmp_path, extra=f'[[publish]]\nkind = "postgres"\ndsn_env = "{DSN}"')


def deliver(folder: Path, name: str) -> None:
    number = name[1:]
    write_batch(
        folder / "drop" / name,
        {"conversations": [conversation(f"c{number}")], "messages": [message(f"m{number}", f"c{number}")]},
        f"2026-01-0{5 + int(number)}T02:00:00+00:00",
    )


def current(config: Path) -> str:
    release = catalog.current(Home(load_settings(config).home))
    assert release is not None
    return release.release_id


def test_a_target_that_fails_fails_alone_and_is_made_good(
    config: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings(config)
    there = place.dsn("publisher")
    monkeypatch.setenv(DSN, AWAY)
    run = causerie("run", "--config", config)
    assert run.returncode == REFUSED
    assert f"Published {current(config)}" in run.stdout
    assert "Failed\n  postgres: connection failed" in run.stdout
    assert "Refused" not in run.stdout and "readers keep" not in run.stdout
    assert (
        "geheim"
        not in run.stdout + run.stderr + Home(settings.home).log.read_text() + Home(settings.home).record.read_text()
    )

    (trouble,) = [one for one in troubles_of(settings, datetime.now(UTC)) if one.kind != "source stale"]
    assert (trouble.kind, trouble.subject, trouble.fails_a_run) == ("target failed", "postgres", True)
    status = causerie("status", "--config", config)
    assert (status.returncode, "postgres: connection failed" in status.stdout) == (REFUSED, True)
    now = datetime.now(UTC)
    assert news.news(settings, now) == []
    assert news.news(settings, now + timedelta(minutes=16)) == ["the last run has failed, and may go better now"]

    run = causerie("run", "--config", config)  # still away, and nothing is new
    assert (run.returncode, "Nothing new" in run.stdout) == (REFUSED, True)
    (again,) = [one for one in troubles_of(settings, datetime.now(UTC)) if one.kind != "source stale"]
    assert again.since == trouble.since

    monkeypatch.setenv(DSN, there)
    run = causerie("run", "--config", config)
    assert (run.returncode, "Nothing new" in run.stdout) == (PUBLISHED, True), run.stdout
    assert place.ask(SHOWN) == [(current(config),)]
    assert causerie("status", "--config", config).returncode == PUBLISHED
    assert news.news(settings, datetime.now(UTC) + timedelta(minutes=16)) == []

    first = current(config)
    deliver(config.parent, "b2")
    assert causerie("run", "--config", config).returncode == PUBLISHED
    assert place.ask(SHOWN) == [(current(config),)] != [(first,)]

    monkeypatch.setenv(DSN, AWAY)
    back = causerie("rollback", "previous", "--config", config)
    assert (back.returncode, current(config)) == (REFUSED, first)
    assert "postgres: connection failed" in back.stderr
    assert causerie("status", "--config", config).returncode == REFUSED
    monkeypatch.setenv(DSN, there)
    assert causerie("rollback", first, "--config", config).returncode == PUBLISHED
    assert place.ask(SHOWN) == [(first,)]
    assert causerie("status", "--config", config).returncode == PUBLISHED


def test_a_changed_target_is_news(config: Path, place: Place) -> None:
    settings = load_settings(config)
    publish(config)
    assert causerie("run", "--config", config).returncode == PUBLISHED
    assert place.ask(SHOWN) == [(current(config),)]
    config.write_text(config.read_text().replace('kind = "postgres"', 'kind = "postgres"\nschema = "elsewhere"'))
    assert news.news(load_settings(config), datetime.now(UTC)) == [
        "where releases are published: something has changed"
    ]
    assert news.news(settings, datetime.now(UTC)) == []


def test_the_command_publish_reaches_the_targets(config: Path, place: Place) -> None:
    home = Home(load_settings(config).home)
    lock(home)
    audited(config, "b1-0123456789")  # and the run was stopped there
    unlock(home)
    assert causerie("publish", "--config", config).returncode == PUBLISHED
    assert place.ask(SHOWN) == [(current(config),)]


def test_dagster_shows_a_check_of_each_target(config: Path, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(config)
    key = dg.AssetKey(["targets", "postgres"])
    job = build_defs(settings).resolve_job_def(JOB)
    monkeypatch.setenv(DSN, AWAY)
    with dg.DagsterInstance.local_temp() as instance:
        for is_away, is_new in ((True, True), (True, False), (False, False)):
            monkeypatch.setenv(DSN, AWAY if is_away else place.dsn("publisher"))
            result = job.execute_in_process(instance=instance, raise_on_error=False)
            unlock(Home(settings.home))
            (check,) = [one for one in result.get_asset_check_evaluations() if one.asset_key == key]
            assert (check.passed, result.success) == (not is_away, not is_away)
            assert ("connection failed" in (check.description or "")) is is_away
            made = {event.asset_key for event in result.get_asset_materialization_events()}
            assert (dg.AssetKey("release") in made) is is_new
            (last,) = instance.event_log_storage.get_latest_asset_check_execution_by_key(
                [check.asset_check_key]
            ).values()
            assert last.status.value == ("FAILED" if is_away else "SUCCEEDED")
    assert place.ask(SHOWN) == [(current(config),)]


def test_verify_reads_what_is_in_the_server(config: Path, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(config)
    publish(config)
    assert causerie("run", "--config", config).returncode == PUBLISHED
    found = verify(settings, lambda _: None)
    assert (found.faults, found.looked_at["releases in targets"]) == ([], 1)
    (schema,) = [name for name in place.schemas() if "2026" in name or "Z" in name.upper()[-20:]]
    place.ask(f"update {schema}.details set status = 'lost'")
    assert any("details" in fault and "postgres" in fault for fault in verify(settings, lambda _: None).faults)
    monkeypatch.setenv(DSN, AWAY)
    assert any("connection failed" in fault for fault in verify(settings, lambda _: None).faults)
    assert json.loads(Home(settings.home).record.read_text())["target_failures"] == {}
