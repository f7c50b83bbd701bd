"""Homes for tests of engines, and builds of them.

Here: one home with all that sources can deliver, and what each engine makes of a home. Not here: the comparison.
"""

from __future__ import annotations

import functools
import random
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import pytest

from benchmarks.event_log import RECORDED
from demo_data import write_demo
from ingestion.accepted import accepted_batches
from ingestion.builds.build_file import create_build
from ingestion.http.client import Client
from ingestion.settings import load_settings
from ingestion.sources import live
from orchestration.home import Build, Home
from orchestration.spark import process
from orchestration.spark.bring_back import bring_back
from orchestration.spark.handover import hand_over, storage_of
from tests.drops import Row, toml, write_batch
from tests.live import activecampaign_api, activecampaign_life, chatwoot, meta
from tests.marts.test_invariants import EXTRACTED_AT, ZONES, account, deal
from tests.spark.equality import differences
from tests.warehouse import BUILD, CANDIDATE, accept, build_marts

TOKENS = {"CHATWOOT_TOKEN": chatwoot.TOKEN, "HILOS_TOKEN": activecampaign_api.TOKEN}
DAYS = (2, 5, 9)
QUICK = {"spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m"}
LENIENT = "\n[quality]\nrestated_rows = 100000\nunknown_share = 1\norphan_share = 1\n"


def engine(conf: Mapping[str, str] = MappingProxyType({})) -> str:
    """The section of a configuration by which Spark computes: of little, so it is not compiled for long."""
    return f'\n[engine]\nkind = "spark"\nconf = {toml({**QUICK, **conf})}\n'


def with_everything(
    folder: Path, monkeypatch: pytest.MonkeyPatch, histories: Sequence[dict[str, list[Row]]] = ()
) -> Path:
    """A home that has ingested a demo, a Chatwoot and an ActiveCampaign with its archive in several readings, and
    histories, each as a source of an account of its own; its configuration.
    """
    for name, token in TOKENS.items():
        monkeypatch.setenv(name, token)
    monkeypatch.setattr(live, "Client", functools.partial(Client, wait=lambda seconds: None))
    shop = chatwoot.random_world(5)
    firm = activecampaign_life.random_world(2, start=chatwoot.START.isoformat())
    monkeypatch.setattr(live, "now", lambda: shop.now)
    config = write_demo(folder, conversations=300, days=40, seed=1).config
    with chatwoot.serve(shop) as chatwoot_server, activecampaign_api.serve(firm) as firm_server:
        quick = {"requests_per_second": 100_000.0}
        sources: list[dict[str, object]] = [
            {"name": "cw", "kind": "chatwoot", "account": "shop", "base_url": chatwoot_server.url, **quick}
            | {"account_id": chatwoot.World.account, "token_env": "CHATWOOT_TOKEN", "complete_every_hours": 0},
            {"name": "ac", "kind": "activecampaign", "account": "firm", "base_url": firm_server.base_url, **quick}
            | {"token_env": "HILOS_TOKEN"},
            {"name": "wa", "kind": "meta_webhooks", "account": "firm", "path": "archive"},
        ]
        accounts = [{"id": "shop", "timezone": "Asia/Kolkata"}, {"id": "firm", "timezone": "America/Mexico_City"}]
        for number, history in enumerate(histories):
            name = f"history_{number}"
            accounts.append(account(ZONES[number % len(ZONES)]) | {"id": name})
            sources.append({"name": name, "kind": "export", "account": name, "path": name})
            for batch, rows in enumerate(deal(history, random.Random(number), 2)):
                write_batch(folder / name / f"b{batch}", rows, EXTRACTED_AT)
        tables = [("accounts", one) for one in accounts] + [("sources", one) for one in sources]
        more = "".join(
            f"\n[[{kind}]]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in table.items())
            for kind, table in tables
        )
        config.write_text(
            config.read_text() + more + LENIENT + engine({"spark.eventLog.dir": str(folder / "events"), **RECORDED})
        )
        (folder / "events").mkdir()
        (folder / "archive").mkdir()
        start = shop.now
        for day in DAYS:
            shop.advance_to(start + timedelta(days=day))
            firm.advance_to(start + timedelta(days=day))
            meta.write_archive(firm.facts, folder / "archive", firm.now, seed=2)
            for report in accept(config):
                assert not report.failure and not report.refusals, (report.source, report.failure, report.refusals)
    return config


def spark_build(config: Path) -> Build:
    """What Spark makes of the accepted batches of a home, and what comes back of it."""
    settings = load_settings(config)
    build = Home(settings.home).build("spark")
    shutil.rmtree(build.folder, ignore_errors=True)
    build.target.mkdir(parents=True)
    entries, segments = accepted_batches(settings)
    create_build(build.database, settings, entries, segments)
    hand_over(settings, build, segments, lambda _: None)
    engine = process.start(settings, build)
    assert engine.stdout is not None
    said = engine.stdout.read()
    assert engine.wait() == 0, said.decode()[-5000:] + process.trouble(build.folder)
    bring_back(settings, build, lambda _: None)
    return build


def unlike_duckdb(config: Path, build: Build) -> dict[str, tuple[int, int, int]]:
    """Of each table in which a build on Spark is unlike one on DuckDB: rows, those of DuckDB alone, those of Spark
    alone.
    """
    build_marts(config, ingest_first=False)
    settings = load_settings(config)
    theirs = settings.home / "tests"
    storage, keys = storage_of(settings), f"builds/{build.id}/tables/intermediate/int_conversations"
    with tempfile.TemporaryDirectory() as folder:
        for name in storage.sizes(keys):
            storage.get(f"{keys}/{name}", Path(folder, name))
        found = differences(
            {"duck": theirs / CANDIDATE, "spark": build.candidate},
            {"duck": theirs / BUILD, "spark": f"{folder}/*.parquet"},
        )
    assert all(rows for rows, *_ in found.values())
    return {table: counts for table, counts in found.items() if counts[1:] != (0, 0)}
