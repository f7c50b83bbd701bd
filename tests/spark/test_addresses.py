"""A whole run on each address at which there can be Spark: a cluster of several machines, and a Spark Connect server.

Here: a master with two workers, and a server, on this machine. Not here: a session of the run itself (`test_run`).
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from demo_data import write_demo
from expectations.marts import MARTS
from ingestion.settings import load_settings
from orchestration.home import Home
from orchestration.releases import catalog
from orchestration.spark.handover import session_of
from tests.crash import runs
from tests.drops import toml, write_config
from tests.end_to_end.command import PUBLISHED, causerie
from tests.spark.homes import QUICK, unlike_duckdb

pytestmark = pytest.mark.spark
PATIENCE = 120
"""Seconds in which a process of Spark must be ready."""


@contextmanager
def started(folder: Path, name: str, command: list[str], says: str) -> Iterator[str]:
    """A process of Spark's own that runs until the end of the block; what it says when it is ready."""
    package = find_spec("pyspark")
    assert package is not None and package.origin is not None
    home, log = Path(package.origin).parent, folder / f"{name}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [home / "bin" / "spark-class", *command],
            env={**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"},
            cwd=folder,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        until = time.monotonic() + PATIENCE
        while not (found := re.search(says, log.read_text(errors="replace"))):
            assert process.poll() is None and time.monotonic() < until, log.read_text(errors="replace")[-3000:]
            time.sleep(0.2)
        yield found[1]
    finally:
        process.terminate()
        process.wait(PATIENCE)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """A master and two workers, of a core each."""
    deploy = "org.apache.spark.deploy"
    with ExitStack() as stack:
        address = ["--host", "127.0.0.1", "--webui-port", "0"]
        master = stack.enter_context(
            started(
                tmp_path, "master", [f"{deploy}.master.Master", *address, "--port", "0"], r"master at (spark://\S+)"
            )
        )
        for name in ("worker1", "worker2"):
            share = ["--cores", "1", "--memory", "1g", "--work-dir", str(tmp_path / name), master]
            stack.enter_context(
                started(tmp_path, name, [f"{deploy}.worker.Worker", *address, *share], "registered with (master)")
            )
        yield master


@pytest.fixture
def connect_server(tmp_path: Path) -> Iterator[str]:
    """A Spark Connect server with a catalogue of Hive."""
    conf = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": "0",
        "spark.ui.enabled": "false",
        **QUICK,
        "spark.sql.catalogImplementation": "hive",
        "spark.sql.warehouse.dir": str(tmp_path / "warehouse"),
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={tmp_path / 'metastore'};create=true",
    }
    command = ["org.apache.spark.deploy.SparkSubmit", "--master", "local[2]", "--driver-memory", "2g"]
    command += [part for name, value in conf.items() for part in ("--conf", f"{name}={value}")]
    command += ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal"]
    with started(tmp_path, "connect", command, r"Spark Connect server started at: (\S+)") as address:
        yield f"sc://{address}"


def demo(folder: Path, engine: str) -> Path:
    """A demo that the engine of an address computes; its configuration."""
    config = write_demo(folder / "demo", conversations=300, days=40, seed=1).config
    config.write_text(f'{config.read_text()}\n[engine]\nkind = "spark"\nstorage = "{folder / "lake"}"\n{engine}')
    return config


def run(config: Path) -> None:
    done = causerie("run", "--config", config)
    assert done.returncode == PUBLISHED, done.stdout + done.stderr
    assert unlike_duckdb(config, Home(load_settings(config).home).last_build()) == {}


@pytest.mark.slow
def test_a_cluster(tmp_path: Path, cluster: str) -> None:
    conf = {"spark.master": cluster, "spark.driver.host": "127.0.0.1", "spark.executor.memory": "512m", **QUICK}
    config = demo(tmp_path, f"conf = {toml(conf)}\n")
    run(config)
    for worker in ("worker1", "worker2"):
        assert "Asked to launch executor" in (tmp_path / f"{worker}.log").read_text(), "both have worked"


def test_only_a_cluster_is_listened_for(tmp_path: Path) -> None:
    confs = {}
    for master in ("", 'conf = { "spark.master" = "spark://master.example:7077" }'):
        config = write_config(tmp_path, extra=f'[engine]\nkind = "spark"\n{master}')
        confs[master] = session_of(load_settings(config), tmp_path)["conf"]
    alone, with_others = confs.values()
    assert alone["spark.driver.host"] == alone["spark.driver.bindAddress"] == "127.0.0.1"
    assert not {"spark.driver.host", "spark.driver.bindAddress"} & with_others.keys()


@pytest.mark.slow
def test_a_connect_server(tmp_path: Path, connect_server: str) -> None:
    from pyspark.sql.connect.session import SparkSession

    config = demo(tmp_path, f'remote = "{connect_server}"\n\n[releases]\ncatalog = "analytics"\n')
    home = Home(load_settings(config).home)
    session = SparkSession.builder.remote(connect_server).create()

    def databases() -> set[str]:
        return {name for (name,) in session.sql("show databases").collect()}

    try:
        session.sql("create temporary view mine as select 1 as one")
        session.sql("create database causerie_00000000_00000000_main")
        of_others = databases()
        assert causerie("check-engine", "--config", config).returncode == PUBLISHED
        tables = tmp_path / "lake"
        runs.killed_when(config, lambda: bool([*tables.glob("*/builds/*/tables/intermediate/int_messages/_SUCCESS")]))
        dead = databases() - of_others
        run(config)
        assert dead and not dead & databases() and of_others < databases()
        assert session.sql("select one from mine").collect() == [(1,)], "the sessions of others go on"
        release = catalog.current(home)
        assert release is not None
        shown = {mart: session.sql(f"select * from analytics.{mart}").count() for mart in MARTS}
        assert shown == release.rows
    finally:
        session.stop()
