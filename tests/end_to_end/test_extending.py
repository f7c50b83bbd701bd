"""An extension as `docs/extending.md` has it: a mart and an expectation of one's own, dbt by hand, another project."""

from __future__ import annotations

import hashlib
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demo_data import write_demo
from expectations.marts import MARTS
from tests.end_to_end import modes
from tests.end_to_end.command import CAUSERIE, PUBLISHED, REFUSED, WRONG, causerie, stop
from tests.end_to_end.test_run import rows, undocumented

pytestmark = pytest.mark.systems

PAGE = Path(__file__).resolve().parents[2] / "docs" / "extending.md"
FILES = dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.S | re.M))
"""The files of the page, by path."""
BY_DESK, DESKS = "ours/models/marts/by_desk.sql", "ours/expectations/desks.py"
DEPRECATIONS = '{"error": ["Deprecations", "NoNodeForYamlKey"]}'
COUNTED = """
    select account_id, coalesce(team, '(none)') as desk, strftime(started_date, '%Y-%m') as month, count(*)
    from details group by all order by all
"""
IN_MART = "select account_id, desk, strftime(month, '%Y-%m'), conversations from by_desk order by all"


class Extended:
    """A demo whose configuration names the extension of the page; each test leaves it as it was."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "demo"
        self.config = write_demo(self.folder, conversations=150, days=40, seed=7).config
        self.config.write_text(f'{self.config.read_text()}\n[extension]\npath = "ours"\n')
        self.home = self.folder / "var"
        self.current = self.home / "releases" / "current" / "causerie.duckdb"
        for name in FILES:
            self.write(name)
        self.rest = [max(source.iterdir()) for source in (self.folder / "drop").iterdir()]
        for batch in self.rest:
            batch.rename(self.waiting(batch))

    def waiting(self, batch: Path) -> Path:
        """Where a batch of the last days waits."""
        return self.folder / f"{batch.parent.name} {batch.name}"

    def bring_the_rest(self) -> None:
        """Deliver the last days."""
        for batch in self.rest:
            self.waiting(batch).rename(batch)

    def write(self, name: str, content: str | None = None) -> None:
        """Write a file, by default as the page has it."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FILES[name] if content is None else content)

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        return causerie("run", "--config", self.config, *options)

    def dbt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return causerie("dbt", "--config", self.config, *arguments)

    def of_runs(self) -> dict[str, str]:
        """The files of builds and releases, with their hashes."""
        found = [*self.home.glob("builds/*/*.duckdb"), *self.home.glob("releases/*/*.duckdb")]
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Extended:
    return Extended(tmp_path_factory.mktemp("extended"))


def test_an_expectation_of_ones_own_refuses_the_build_until_it_is_met(extended: Extended) -> None:
    extended.write(DESKS, FILES[DESKS].replace("min_value=0.3", "min_value=1.0"))
    run = extended.run("--parquet")
    assert run.returncode == REFUSED, run.stdout + run.stderr
    assert "desks: Each desk answers its customers. (answered_share must be at least 1) Found: " in run.stdout
    assert not extended.current.exists()
    status = causerie("status", "--config", extended.config)
    assert status.returncode == REFUSED
    assert "expected Each desk answers its customers." in status.stdout
    extended.write(DESKS)
    run = extended.run("--parquet")
    assert run.returncode == PUBLISHED, run.stdout + run.stderr
    assert modes.open_to_others(extended.home) == []
    assert "desks" not in run.stdout.partition("expectations met")[0]
    again = extended.run("--parquet")
    assert (again.returncode, "Nothing new" in again.stdout) == (PUBLISHED, True)


def test_the_mart_is_in_the_release_beside_ours(extended: Extended) -> None:
    counted = rows(extended.current, COUNTED)
    assert len(counted) > 5
    assert rows(extended.current, IN_MART) == counted
    assert rows(extended.current, "select by_desk_rows from release") == [(len(counted),)]
    assert undocumented(extended.current) == []
    exported = extended.current.with_name("parquet") / "by_desk.parquet"
    assert rows(extended.current, f"select count(*) from '{exported}'") == [(len(counted),)]
    docs = "".join(path.read_text() for path in extended.current.with_name("data_docs").rglob("*.html"))
    assert "Each desk answers its customers." in docs


def test_an_incremental_build_has_all_of_it(extended: Extended) -> None:
    before = rows(extended.current, COUNTED)
    extended.bring_the_rest()
    assert extended.run("--parquet").returncode == PUBLISHED
    assert '"base": null' not in (extended.home / "builds" / "open" / "plan.json").read_text()
    assert rows(extended.current, IN_MART) == rows(extended.current, COUNTED) != before


def test_dbt_by_hand_works_on_a_copy(extended: Extended) -> None:
    before = extended.of_runs()
    shown = extended.dbt(
        "--warn-error-options", DEPRECATIONS, "show", "-s", "by_desk", "--limit", "2", "--output", "json"
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert shown.stdout.count('"conversations_answered"') == 2
    extended.write(BY_DESK, FILES[BY_DESK].replace("count(*) as", "7 * count(*) as"))
    built = extended.dbt("build", "--select", "by_desk+")
    assert built.returncode == 1, built.stdout
    assert "FAIL 1 assert_desks_add_up" in built.stdout
    copy = extended.home / "dbt" / "copy"
    assert modes.open_to_others(extended.home) == []
    query = "select sum(conversations) from by_desk"
    ((now,),), ((then,),) = (rows(file, query) for file in (copy / "candidate.duckdb", extended.current))
    assert now == 7 * then  # type: ignore[operator]
    inline = extended.dbt("show", "--inline", "select sum(conversations) as n from {{ ref('by_desk') }}")
    assert str(now) in inline.stdout, "the copy stays for the next command"
    assert extended.of_runs() == before
    extended.write(BY_DESK)
    assert extended.dbt("nonsense").returncode == WRONG
    assert "Usage: dbt show" in extended.dbt("show", "--help").stdout


@pytest.mark.slow
def test_all_of_dbt_is_built_and_tested_by_hand_without_a_warning(extended: Extended) -> None:
    built = extended.dbt("--warn-error", "build")
    assert built.returncode == 0, built.stdout[-3000:]
    copy = extended.home / "dbt" / "copy" / "candidate.duckdb"
    for mart in (*MARTS, "by_desk"):
        assert rows(copy, f"from {mart} order by all") == rows(extended.current, f"from {mart} order by all")


HOSTILE = """
{% macro generate_schema_name(name, node) %}hostile{% endmacro %}
{% macro join_periods(a, b) %}hostile{% endmacro %}
{% macro duckdb__utc(a) %}hostile{% endmacro %}
{% macro duckdb__create_table_as(temporary, relation, compiled_code, language='sql') %}hostile{% endmacro %}
{% macro get_incremental_replace_affected_sql(arg_dict) %}hostile{% endmacro %}
{% test unique_rows(model, columns) %}select 1 as hostile{% endtest %}
{% materialization table, adapter='duckdb' %}{{ exceptions.raise_compiler_error('hostile') }}{% endmaterialization %}
{% materialization incremental, adapter='duckdb' %}{{ exceptions.raise_compiler_error('') }}{% endmaterialization %}
{% materialization table_macro, adapter='duckdb' %}{{ exceptions.raise_compiler_error('') }}{% endmaterialization %}
"""


@pytest.mark.slow
def test_macros_of_an_extension_reach_none_of_our_models(extended: Extended) -> None:
    extended.write("ours/macros/hostile.sql", HOSTILE)
    options = ["--exclude-resource-type", "unit_test", "--exclude", "package:extension"]
    built = extended.dbt("build", *options)
    (extended.folder / "ours" / "macros" / "hostile.sql").unlink()
    assert built.returncode == 0, built.stdout[-3000:]
    copy = extended.home / "dbt" / "copy" / "candidate.duckdb"
    for mart in MARTS:
        assert rows(copy, f"from {mart} order by all") == rows(extended.current, f"from {mart} order by all")


def test_dbt_by_hand_ends_at_a_signal(extended: Extended) -> None:
    def works(process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        while b"Running with dbt" not in process.stdout.readline():
            assert process.poll() is None

    stop(["dbt", "--config", extended.config, "build"], works, signal.SIGTERM)
    shutil.rmtree(extended.home / "dbt" / "copy")


def test_another_project_reads_the_release_as_sources(extended: Extended) -> None:
    profiles = FILES["analysis/profiles.yml"].replace("/srv/causerie/releases", str(extended.home / "releases"))
    extended.write("analysis/profiles.yml", profiles)
    command = [Path(sys.executable).with_name("dbt"), "--warn-error", "build"]
    folder = extended.folder / "analysis"
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    shares = rows(
        folder / "analysis.duckdb",
        "select account_id, month, sum(share), max(release_id) from desk_shares group by all",
    )
    assert len(shares) > 2
    assert {(round(float(share), 6), release) for *_, share, release in shares} == {  # type: ignore[arg-type]
        (1.0, extended.current.parent.readlink().name)
    }


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (
            {
                "ours/models/marts/by_day.sql": "selekt 1 as one",
                "ours/models/intermediate/int_days.sql": "select * from main.there_is_no_such_table",
                "ours/tests/assert_nothing.sql": "select * from {{ ref('by_desk') }}",
            },
            [
                "dbt: by_day: Runtime Error in model by_day (models/marts/by_day.sql) Parser Error: syntax error",
                "dbt: int_days: Runtime Error in model int_days",
                "there_is_no_such_table",
                "dbt: assert_nothing: Got ",
            ],
        ),
        (
            {
                "ours/expectations/broken.py": "import no_such_thing",
                DESKS: FILES[DESKS].replace("from by_desk", "from by_dseks"),
            },
            [
                "broken: expectations/broken.py can be used. Found: line 1: ModuleNotFoundError",
                "desks: expectations/desks.py can be used. Found: Catalog Error: Table with name by_dseks",
            ],
        ),
    ],
    ids=["models", "expectations"],
)
def test_what_is_wrong_refuses_the_build_and_readers_keep_the_release(
    extended: Extended, files: dict[str, str], words: list[str]
) -> None:
    release = extended.current.parent.readlink()
    for name, content in files.items():
        extended.write(name, content)
    run = extended.run()
    for name in files:
        if name in FILES:
            extended.write(name)
        else:
            (extended.folder / name).unlink()
    assert run.returncode == REFUSED, run.stdout + run.stderr
    for word in words:
        assert word in run.stdout
    assert "Traceback" not in run.stdout + run.stderr
    assert extended.current.parent.readlink() == release


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "ours/models/marts/details.sql",
            "select 1 as one",
            "causerie has a table 'details'; give the model another name",
        ),
        ("ours/models/marts/by_day.sql", "select {{", "by_day (models/marts/by_day.sql)"),
        ("ours/expectations/days.py", "def", "expectations/days.py: invalid syntax (days.py, line 1)"),
    ],
    ids=["the name of one of ours", "no Jinja", "no Python"],
)
def test_what_cannot_be_read_is_refused_before_anything_runs(
    extended: Extended, name: str, content: str, words: str
) -> None:
    extended.write(name, content)
    run = extended.run()
    (extended.folder / name).unlink()
    assert run.returncode == WRONG, run.stdout
    assert run.stdout == ""
    assert run.stderr.startswith(f"{extended.config}: extension.path: ")
    assert words in run.stderr


def test_a_folder_that_is_missing_is_refused_before_anything_runs(extended: Extended) -> None:
    (extended.folder / "ours").rename(extended.folder / "theirs")
    run, dbt = extended.run(), extended.dbt("ls")
    (extended.folder / "theirs").rename(extended.folder / "ours")
    for done in (run, dbt):
        assert done.returncode == WRONG
        assert done.stderr.startswith(f"{extended.config}: extension.path: {extended.folder / 'ours'} has none of")


def test_without_a_build_there_is_nothing_to_work_on(tmp_path: Path) -> None:
    config = write_demo(tmp_path / "demo", conversations=5, days=3, seed=1).config
    done = subprocess.run([CAUSERIE, "dbt", "--config", config, "ls"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (REFUSED, "")
    assert "nothing is built yet; run 'causerie run' first" in done.stderr
