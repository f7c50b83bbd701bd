"""Sail, another engine behind the address of a Spark Connect server, with a bucket as its storage.

Here: a whole run, with all that goes into the bucket and comes out of it. Not here: Spark (`test_addresses`), whose
connector for buckets is not in its package.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo_data import write_demo
from ingestion.settings import load_settings
from orchestration.home import Home
from orchestration.spark.handover import storage_of
from tests.end_to_end.command import PUBLISHED, causerie
from tests.spark.homes import unlike_duckdb
from tests.spark.object_store import bucket_of, served

sail = pytest.importorskip("pysail.spark", reason="pysail is not installed: it goes with an older pyspark-client")

pytestmark = [pytest.mark.spark, pytest.mark.slow]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with served() as server, bucket_of(server, monkeypatch) as address:
        yield address


@pytest.fixture
def remote(bucket: str) -> Iterator[str]:
    """The address of Sail, which can log in to the object store."""
    server = sail.SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    host, port = server.listening_address
    yield f"sc://{host}:{port}"
    server.stop()


def test_a_run_in_a_bucket(tmp_path: Path, bucket: str, remote: str) -> None:
    config = write_demo(tmp_path / "demo", conversations=300, days=40, seed=1).config
    config.write_text(f'{config.read_text()}\n[engine]\nkind = "spark"\nremote = "{remote}"\nstorage = "{bucket}"\n')
    done = causerie("check-engine", "--config", config)
    assert done.returncode == PUBLISHED, done.stdout + done.stderr
    for _ in range(2):
        done = causerie("run", "--config", config, "--full-refresh")
        assert done.returncode == PUBLISHED, done.stdout + done.stderr
    settings = load_settings(config)
    build = Home(settings.home).last_build()
    assert unlike_duckdb(config, build) == {}
    assert storage_of(settings).folders("builds") == [build.id]
