"""Every data test of the dbt project is seen failing, every unit test is seen passing.

A small made-up warehouse is built twice: in full, and as an update of a build of all but its last days. Each corruption
is made in a transaction on a copy of the build, the compiled test is run on that, and the corruption is taken back.
The slow tests let dbt itself judge a build with a corruption for every test at once.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from demo_data import write_demo
from expectations.grains import GRAINS
from ingestion.accepted import accepted_batches
from ingestion.builds.build_file import BaseBuild, create_build
from ingestion.builds.names import CANDIDATE
from ingestion.ingest import ingest_sources
from ingestion.settings import Resources, Settings, load_settings
from ingestion.source_kinds import EXPORT, LIVE_KINDS
from orchestration.dbt.process import MANIFEST, PARTIAL_PARSE, PROJECT, RESULTS, environment
from tests.comparison import KEYS, differences, read_marts
from tests.dbt_project.corruptions import CORRUPTIONS, LOSSES
from tests.drops import write_config
from tests.warehouse import BUILD, quarantine, run_models

WARNINGS = '{"error": ["Deprecations", "NoNodeForYamlKey"]}'
"""What dbt only warns of and is an error here: deprecations, and documentation of models that are gone."""
NEW_DAYS = 3


@dataclass(frozen=True)
class Built:
    """A built warehouse: its files, and how each node fared, by name."""

    file: Path
    results: dict[str, Any]
    manifest: dict[str, Any]
    before: Path | None = None
    """The build that it is an update of."""

    @property
    def candidate(self) -> Path:
        """The file with the marts."""
        return self.file.with_name(CANDIDATE)

    def names(self, kind: str) -> set[str]:
        """Names of the nodes of one kind (`test`, `model`, `unit_test`) that ran."""
        return {name for name, result in self.results.items() if result["unique_id"].startswith(f"{kind}.")}

    def node(self, name: str) -> dict[str, Any]:
        """A node of the manifest."""
        return dict(self.manifest["nodes"][self.results[name]["unique_id"]])

    def of_keys(self) -> set[str]:
        """Names of the tests that a production build leaves out."""
        return {name for name in self.names("test") if "ci" in self.node(name)["tags"]}

    def query(self, name: str) -> str:
        """The compiled SQL of a node."""
        return str(self.results[name]["compiled_code"])


EVERY_KIND = (EXPORT, *LIVE_KINDS)


def run_dbt(folder: Path, *arguments: str, kinds: Collection[str] = (EXPORT,)) -> tuple[int, dict[str, Any]]:
    """Run dbt on the build of a folder: its exit code, and the results by name. ``kinds``: of its records.

    The first call parses the project and says what dbt warns of; the others go on from what it parsed.
    """
    target, parsed = folder / "target", folder.parent / PARTIAL_PARSE
    target.mkdir(exist_ok=True)
    if parsed.exists():
        shutil.copyfile(parsed, target / PARTIAL_PARSE)
    command = [Path(sys.executable).with_name("dbt"), "--warn-error-options", WARNINGS, "--log-level-file", "none"]
    places = {"--project-dir": PROJECT, "--profiles-dir": PROJECT, "--target-path": target}
    done = subprocess.run(
        [*command, *arguments, *(word for option in places.items() for word in option)],
        env=os.environ | environment(Resources(threads=1), kinds),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if not parsed.exists():
        shutil.copyfile(target / PARTIAL_PARSE, parsed)
    written = target / RESULTS
    assert written.is_file(), done.stdout + done.stderr
    results = json.loads(written.read_text())["results"]
    return done.returncode, {result["unique_id"].split(".")[-1 if unit(result) else 2]: result for result in results}


def unit(result: dict[str, Any]) -> bool:
    """Whether it is the result of a unit test: its id holds the model too."""
    return bool(result["unique_id"].startswith("unit_test."))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gates")


@pytest.fixture(scope="module")
def before(folder: Path) -> tuple[Settings, BaseBuild]:
    """The configuration of a drop, and a build of all but its last days; these wait beside the drop."""
    settings = load_settings(write_demo(folder / "demo", conversations=300, days=40, seed=1).config)
    for source in (folder / "demo" / "drop").iterdir():
        for batch in sorted(source.iterdir())[-NEW_DAYS:]:
            waiting = folder / "new" / source.name / batch.name
            waiting.parent.mkdir(parents=True, exist_ok=True)
            batch.rename(waiting)
    ingest_sources(settings, lambda _: None)
    entries, segments = accepted_batches(settings)
    file = folder / "before" / BUILD
    file.parent.mkdir()
    create_build(file, settings, entries, segments)
    run_models(file)
    return settings, BaseBuild("before", file, frozenset((entry.source, entry.batch) for entry in entries))


@pytest.fixture(scope="module")
def everything(folder: Path, before: tuple[Settings, BaseBuild]) -> Settings:
    """The configuration of the same drop with its last days, which are ingested."""
    settings, _ = before
    for batch in (folder / "new").glob("*/*"):
        batch.rename(folder / "demo" / "drop" / batch.parent.name / batch.name)
    reports = ingest_sources(settings, lambda _: None)
    assert [len(report.having("accepted")) for report in reports] == [NEW_DAYS] * len(reports)
    return settings


@pytest.fixture(scope="module")
def built(folder: Path, everything: Settings) -> Built:
    return build(folder / "full", everything)


@pytest.fixture(scope="module")
def updated(folder: Path, everything: Settings, before: tuple[Settings, BaseBuild]) -> Built:
    return build(folder / "update", everything, before[1], command="run")


def with_every_kind(settings: Settings, folder: Path) -> Settings:
    """The same configuration with a live source of every kind beside it, which has delivered nothing.

    Of a source that is not there dbt leaves the models out: here all of them are built and tested.
    """
    remote = {"account": "live", "base_url": "https://api.example", "token_env": "TOKEN"}
    sources: dict[str, dict[str, Any]] = {
        "chatwoot": remote | {"account_id": 1},
        "activecampaign": remote,
        "meta_webhooks": {"account": "live", "path": "nowhere"},
    }
    assert sources.keys() == set(LIVE_KINDS)
    configured = [{"name": kind, "kind": kind, **values} for kind, values in sources.items()]
    accounts = [{"id": "live", "timezone": "UTC"}]
    others = load_settings(write_config(folder, accounts=accounts, sources=configured))
    both = {"accounts": [*settings.accounts, *others.accounts], "sources": [*settings.sources, *others.sources]}
    return settings.model_copy(update=both)


def build(folder: Path, settings: Settings, base: BaseBuild | None = None, command: str = "build") -> Built:
    """Build with dbt what was ingested."""
    file = folder / BUILD
    folder.mkdir()
    create_build(file, with_every_kind(settings, folder / "live"), *accepted_batches(settings), base)
    status, results = run_dbt(folder, command, "--exclude", "resource_type:unit_test", kinds=EVERY_KIND)
    assert status == 0, [name for name, result in results.items() if result["status"] not in ("success", "pass")]
    manifest = json.loads((folder / "target" / MANIFEST).read_text())
    return Built(file, results, manifest, base.database if base else None)


@contextmanager
def opened(build: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A build with its candidate, open for writing."""
    with duckdb.connect(str(build)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{build.with_name(CANDIDATE)}' as candidate")
        yield connection


@contextmanager
def copied(built: Built, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of a build, open for writing."""
    for file in (built.file, built.candidate):
        shutil.copy(file, folder / file.name)
    with opened(folder / built.file.name) as connection:
        yield connection


@pytest.fixture(scope="module")
def copy(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with copied(built, tmp_path_factory.mktemp("corrupted")) as connection:
        yield connection


@pytest.fixture(scope="module")
def corrupted(built: Built, folder: Path) -> dict[str, Any]:
    """Results of all data tests on a build that is corrupted for every one of them."""
    (folder / "corrupted").mkdir()
    with copied(built, folder / "corrupted") as connection:
        for corruptions in CORRUPTIONS.values():
            connection.execute(corruptions[0])
    status, results = run_dbt(folder / "corrupted", "test", "--select", "test_type:data", kinds=EVERY_KIND)
    assert status == 1
    return results


def unnoticed(connection: duckdb.DuckDBPyConnection, query: str, corruptions: list[str]) -> list[str]:
    """Those of the corruptions with which a query that finds nothing in the sound data still finds nothing."""
    assert connection.execute(query).fetchall() == []
    found = []
    for corruption in corruptions:
        connection.execute("begin")
        connection.execute(corruption)
        if not connection.execute(query).fetchall():
            found.append(corruption)
        connection.execute("rollback")
    return found


def lost_rows(built: Built) -> str:
    """The test of the accounting, on the accounting of what the models hold now."""
    check, table = built.query("assert_rows_are_accounted_for"), '"warehouse"."intermediate"."int_row_accounting"'
    assert table in check
    return check.replace(table, f"({built.query('int_row_accounting')})")


def test_every_data_test_has_a_corruption(built: Built) -> None:
    assert built.names("test") - built.of_keys() == CORRUPTIONS.keys()


def test_sound_data_pass(built: Built) -> None:
    assert {built.results[name]["status"] for name in built.names("test")} == {"pass"}


def test_every_model_has_a_key_that_is_tested(built: Built) -> None:
    """A row that comes twice is noticed. Tables that only macros read, and lists, are known by all that they hold."""
    tested = set()
    for name in built.of_keys():
        (relation,) = re.findall(r'from ("\w+"\."\w+"\."\w+")', built.query(name).split("having")[0])
        doubled = f"(from {relation} union all (from {relation} limit 1))"
        with opened(built.file) as connection:
            is_empty = not connection.execute(f"from {relation} limit 1").fetchall()
            assert is_empty or connection.execute(built.query(name).replace(relation, doubled)).fetchall(), name
        tested.update(node.split(".")[2] for node in built.node(name)["depends_on"]["nodes"])
    without_key = {
        *("stg_settings__working_hours", "stg_settings__holidays"),
        *("reporting_messages", "reporting_replies", "reporting_flow_runs"),
        *(name for name in built.names("model") if built.node(name)["config"]["materialized"] == "table_macro"),
        *KEYS,
    }
    assert tested == built.names("model") - without_key


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_each_corruption_is_noticed(built: Built, copy: duckdb.DuckDBPyConnection, name: str) -> None:
    assert unnoticed(copy, built.query(name), CORRUPTIONS[name]) == []


def test_no_test_takes_more_time_than_there_are_days(built: Built, copy: duckdb.DuckDBPyConnection) -> None:
    """Of a conversation that lies a thousand years back, say: what joined days with ranges would take a minute."""
    copy.execute("begin")
    for grain in GRAINS:
        copy.execute(
            "insert into candidate.overview select one.* replace (cast(start as date) as period_start,"
            f" cast(start + interval 1 {grain} as date) as period_end) from (from candidate.overview"
            f" where grain = '{grain}' order by conversations limit 1) as one cross join"
            f" generate_series(timestamp '1000-01-01', timestamp '1999-12-01', interval 1 {grain}) as starts (start)"
        )
    seconds = {}
    for name in CORRUPTIONS:
        begun = time.process_time()
        copy.execute(built.query(name)).fetchall()
        seconds[name] = time.process_time() - begun
    copy.execute("rollback")
    assert {name: taken for name, taken in seconds.items() if taken > 10} == {}


def test_lost_and_doubled_rows_are_noticed(built: Built, copy: duckdb.DuckDBPyConnection) -> None:
    assert unnoticed(copy, lost_rows(built), LOSSES) == []


def test_an_update_passes_the_same_tests(built: Built, updated: Built) -> None:
    with opened(updated.file) as connection:
        assert connection.execute("from intermediate.int_affected_conversations").fetchall()
        failed = [name for name in built.names("test") if connection.execute(built.query(name)).fetchall()]
    assert failed == []


def test_an_update_gives_the_marts_of_a_full_build(built: Built, updated: Built) -> None:
    full, update = read_marts(built.candidate), read_marts(updated.candidate)
    for mart in KEYS:
        assert differences(mart, full[mart], update[mart]) == []


def test_an_update_gives_the_quarantine_of_a_full_build(built: Built, updated: Built) -> None:
    full, update = quarantine(built.file), quarantine(updated.file)
    assert update == full
    before = quarantine(updated.before or built.file)
    assert 0 < len(before) < len(full)


def test_a_row_of_a_data_test_is_a_failure(built: Built) -> None:
    """No test only warns, or bears some rows: what `test_each_corruption_is_noticed` returns ends a build."""
    for name in built.names("test"):
        config = built.node(name)["config"]
        assert (config["severity"].lower(), config["error_if"], config["enabled"]) == ("error", "!= 0", True), name


@pytest.mark.slow
def test_dbt_fails_on_every_corruption(corrupted: dict[str, Any]) -> None:
    assert {name: corrupted[name]["status"] for name in CORRUPTIONS} == dict.fromkeys(CORRUPTIONS, "fail")


def test_unit_tests_pass(built: Built) -> None:
    _, results = run_dbt(built.file.parent, "test", "--select", "test_type:unit", kinds=EVERY_KIND)
    assert len(results) == len(built.manifest["unit_tests"])
    assert {name: result["status"] for name, result in results.items() if result["status"] != "pass"} == {}


def test_every_column_is_documented(built: Built) -> None:
    with opened(built.file) as connection:
        rows = connection.execute(
            "select database_name, schema_name, table_name, column_name from duckdb_columns()"
        ).fetchall()
    for name in built.names("model"):
        node = built.node(name)
        place = (node["database"], node["schema"], node["alias"])
        columns = {column: about["description"] for column, about in node["columns"].items()}
        assert columns.keys() == {column for *of, column in rows if tuple(of) == place}, name
        assert all(columns.values()), name
        assert "One row per" in node["description"], name


def test_every_macro_is_documented(built: Built) -> None:
    ours = [macro for macro in built.manifest["macros"].values() if macro["package_name"] == "causerie"]
    for macro in ours:
        if "__" not in macro["name"] and not macro["name"].startswith(("test_", "materialization_")):
            assert macro["description"], macro["name"]
            assert all(argument["description"] for argument in macro["arguments"]), macro["name"]
            signature = re.search(r"macro \w+\((.*?)\)", macro["macro_sql"], re.DOTALL)
            assert signature is not None
            names = [argument.split("=")[0].strip() for argument in signature[1].split(",") if argument]
            assert [argument["name"] for argument in macro["arguments"]] == names, macro["name"]


@pytest.mark.parametrize("file", sorted((PROJECT / "tests").glob("*.sql")), ids=lambda file: file.stem)
def test_singular_tests_tell_what_they_detect(file: Path) -> None:
    first, second, third = file.read_text().splitlines()[:3]
    assert first.startswith("-- Detects ")
    assert second.startswith("-- ")
    assert not third.startswith("--")
    assert "A returned row is" in first + second
