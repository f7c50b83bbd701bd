"""An extension: what dbt finds of it, what is refused before anything runs, and what tells it from another."""

from __future__ import annotations

import fcntl
import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ingestion.settings import Settings, SettingsError, load_settings
from orchestration import processes
from orchestration.assembly import build_defs
from orchestration.dbt import PROJECT, extension, process
from orchestration.dbt.plan import make_plan
from orchestration.defs.launch import _launched
from orchestration.home import Home
from tests.drops import write_config

MODEL = "select account_id, count(*) as conversations from {{ ref('details') }} group by all"
SUITE = '"""Desks are known."""\n'


def write(folder: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A configuration with an extension of one mart and one suite."""
    write(tmp_path / "ours", {"models/marts/by_desk.sql": MODEL, "expectations/desks.py": SUITE})
    (tmp_path / "drop").mkdir()
    return load_settings(write_config(tmp_path, extra='[extension]\npath = "ours"'))


def own(settings: Settings) -> Path:
    assert settings.extension.path is not None
    return settings.extension.path


def test_without_an_extension_nothing_is_different(settings: Settings) -> None:
    without = settings.model_copy(update={"extension": settings.extension.model_copy(update={"path": None})})
    assert extension.environment(without) == {}
    assert list(extension.files(None)) == []
    assert not (Home(settings.home).dbt / "packages").exists()


def test_the_package_is_the_folder_as_it_is_now(settings: Settings) -> None:
    packages = Path(extension.environment(settings)["CAUSERIE_PACKAGES"])
    assert [path.name for path in packages.iterdir()] == ["extension"]
    write(own(settings), {"models/marts/late.sql": MODEL, "macros/late.sql": ""})
    assert extension.environment(settings) == {"CAUSERIE_PACKAGES": str(packages)}
    assert sorted(path.name for path in (packages / "extension" / "models" / "marts").iterdir()) == [
        "by_desk.sql",
        "late.sql",
    ]
    assert (packages / "extension" / "macros" / "late.sql").is_file()


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("models/marts/overview.sql", "causerie has a table 'overview'; give the model another name"),
        ("models/intermediate/int_messages.sql", "causerie has a table 'int_messages'"),
        ("models/marts/release.sql", "causerie has a table 'release'"),
        ("models/marts/by_agent_month.sql", "causerie has a table 'by_agent_month'"),
        ("models/by_day.sql", "move it to models/marts, from where it is published, or to models/intermediate"),
        ("models/marts.sql", "move it to models/marts"),
        ("models/staging/by_day.sql", "move it to models/marts"),
        ("models/marts/by-day.sql", "small letters, digits and underscores"),
        ("models/marts/ByDay.py", "small letters, digits and underscores"),
        ("models/marts/by_[d]ay.sql", "small letters, digits and underscores"),
    ],
)
def test_a_model_that_would_be_in_the_way_is_refused(settings: Settings, model: str, words: str) -> None:
    write(own(settings), {model: MODEL, "models/marts/deep/er.sql": MODEL})
    with pytest.raises(SettingsError) as refused:
        process.begin_parsing(settings)
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"extension.path: {model}: ")
    assert words in line


@pytest.mark.parametrize(
    "content", [None, {}, {"model/marts/by_desk.sql": MODEL}], ids=["missing", "empty", "misspelled"]
)
def test_a_folder_in_which_there_is_nothing_is_refused(tmp_path: Path, content: dict[str, str] | None) -> None:
    if content is not None:
        (tmp_path / "other").mkdir()
        write(tmp_path / "other", content)
    settings = load_settings(write_config(tmp_path, extra='[extension]\npath = "other"'))
    with pytest.raises(SettingsError, match="has none of the folders models, macros, tests, expectations; create one"):
        process.begin_parsing(settings)


def node(**values: Any) -> dict[str, Any]:
    return {
        "resource_type": "model",
        "package_name": "extension",
        "original_file_path": "models/marts/by_desk.sql",
        "fqn": ["extension", "marts", "by_desk"],
        "name": "by_desk",
        "alias": "by_desk",
        "database": "candidate",
        "schema": "main",
        "config": {"materialized": "table"},
    } | values


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, None),
        ({"package_name": "causerie", "schema": "x"}, None),
        ({"resource_type": "test", "schema": "x"}, None),
        ({"schema": "staging"}, "remove 'database', 'schema' and 'alias'"),
        ({"database": "warehouse"}, "remove 'database', 'schema' and 'alias'"),
        ({"alias": "overview"}, "remove 'database', 'schema' and 'alias'"),
        ({"config": {"materialized": "view"}}, "a model of models/marts is a table; change 'materialized'"),
        ({"config": {"materialized": "incremental"}}, "a model of models/marts is a table; change 'materialized'"),
    ],
)
def test_a_configuration_that_puts_a_model_elsewhere_is_refused(
    tmp_path: Path, changed: dict[str, Any], words: str | None
) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"nodes": {"a": node(**changed)}}))
    if words is None:
        extension.refuse_misconfigured(manifest)
        return
    with pytest.raises(SettingsError) as refused:
        extension.refuse_misconfigured(manifest)
    assert str(refused.value).startswith("extension.path: models/marts/by_desk.sql: ")
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("files", "is_another"),
    [
        ({"models/marts/by_desk.sql": MODEL + " "}, True),
        ({"models/marts/_marts.yml": ""}, True),
        ({"tests/assert_it.sql": "select 1"}, True),
        ({"macros/it.sql": ""}, True),
        ({"expectations/desks.py": SUITE + "x = 1"}, True),
        ({"models/marts/by_desk.sql": MODEL}, False),
        (
            {
                "README.md": "",
                "expectations/__pycache__/desks.cpython-311.pyc": "x",
                "models/marts/.by_desk.sql.swp": "",
            },
            False,
        ),
    ],
)
def test_with_another_content_it_is_another_build(settings: Settings, files: dict[str, str], is_another: bool) -> None:
    before = make_plan(settings, []).rules, process.project_fingerprint(own(settings))
    write(own(settings), files)
    after = make_plan(settings, []).rules, process.project_fingerprint(own(settings))
    assert [one != other for one, other in zip(before, after, strict=True)] == [is_another] * 2


def test_where_the_folder_lies_is_no_rule(settings: Settings, tmp_path: Path) -> None:
    moved = own(settings).rename(tmp_path / "moved")
    elsewhere = settings.model_copy(update={"extension": settings.extension.model_copy(update={"path": moved})})
    before = make_plan(elsewhere, []).rules
    moved.rename(own(settings))
    assert make_plan(settings, []).rules == before


def test_dagster_launches_a_run_again_when_it_has_been_mended_or_after_a_while(settings: Settings) -> None:
    """A run that could not load it has left no record, by which news are told from what was launched for before."""
    now, news = datetime(2026, 2, 3, 4, 5, tzinfo=UTC), ["something has changed"]
    broken = _launched(settings, news, now, None)
    assert _launched(settings, news, now + timedelta(minutes=14), broken) == broken
    assert _launched(settings, news, now + timedelta(minutes=15), broken) != broken
    write(own(settings), {"models/marts/by_desk.sql": MODEL + " "})
    assert _launched(settings, news, now, broken) != broken


class Loaded:
    """A process of dbt that was loaded, seen from outside."""

    def __init__(self) -> None:
        self.stdin, self.was_ended = io.BytesIO(), False

    def kill(self) -> None:
        self.was_ended = True

    def communicate(self) -> None:
        pass


@pytest.mark.parametrize("is_changed", [False, True])
def test_what_was_loaded_before_a_change_is_loaded_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, is_changed: bool
) -> None:
    """Or a build would be made of what was there before the change, and be known as made after it."""
    loaded: list[Loaded] = []

    def start(*_: object, **__: object) -> Loaded:
        loaded.append(Loaded())
        return loaded[-1]

    monkeypatch.setattr(processes, "start", start)
    process.load_ahead(settings)
    if is_changed:
        write(own(settings), {"models/marts/by_desk.sql": MODEL + " "})
    given = process.start(settings, Home(settings.home).build("b"), ["build"])
    assert given is loaded[-1]
    assert [one.was_ended for one in loaded] == [*([True] if is_changed else []), False]


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A configuration with an extension whose parsed project is kept: dbt takes seconds to parse it."""
    folder = tmp_path_factory.mktemp("parsed")
    write(folder / "ours", {"models/marts/by_desk.sql": MODEL, "expectations/desks.py": SUITE})
    (folder / "drop").mkdir()
    return load_settings(write_config(folder, extra='[extension]\npath = "ours"'))


@pytest.mark.systems
def test_its_models_and_suites_are_in_the_graph(parsed: Settings) -> None:
    before = process.project_fingerprint()
    graph = build_defs(parsed).resolve_asset_graph()
    assert dg.AssetKey(["marts", "details"]) in graph.get(dg.AssetKey(["marts", "by_desk"])).parent_keys
    (check,) = (graph.get(key) for key in graph.asset_check_keys if key.name == "desks")
    assert (check.key.asset_key, check.blocking, check.description) == (dg.AssetKey("audit"), True, "Desks are known.")
    assert process.project_fingerprint() == before
    assert not (PROJECT / "dbt_packages").exists()


@pytest.mark.systems
@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("select {{ ref('details' }}", "models/marts/by_desk.sql"),
        ("select * from {{ ref('detials') }}", "depends on a node named 'detials' which was not found"),
        ("{{ config(schema='staging') }} select 1 as one", "its folder says where it goes"),
    ],
    ids=["no Jinja", "no such model", "elsewhere"],
)
def test_what_dbt_cannot_read_is_refused_in_its_words(
    parsed: Settings, sql: str, words: str, request: pytest.FixtureRequest
) -> None:
    model = own(parsed) / "models" / "marts" / "by_desk.sql"
    request.addfinalizer(lambda: model.write_text(MODEL))
    model.write_text(sql)
    for _ in range(2):  # what was refused once is not taken for parsed
        with pytest.raises(SettingsError) as refused:
            process.ensure_manifest(parsed)
        assert words in str(refused.value)
        assert "Running with dbt" not in str(refused.value)


def test_what_another_process_is_parsing_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "drop").mkdir()
    parsed = load_settings(write_config(tmp_path))
    folder = Home(parsed.home).dbt
    folder.mkdir(parents=True)
    with (folder / "parsing.lock").open("a") as other, ThreadPoolExecutor(1) as pool:
        fcntl.flock(other, fcntl.LOCK_EX)
        manifest = pool.submit(process.ensure_manifest, parsed)
        with pytest.raises(TimeoutError):
            manifest.result(0.5)
        other.close()
        assert json.loads(manifest.result(60).read_bytes())["nodes"]
