"""The job as Dagster sees it: its graph, its schedule, and steps that are launched alone."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.assets.graph.asset_graph import AssetNode

from expectations.marts import MARTS
from expectations.suites import release as suites
from expectations.verdict import Finding, Verdict
from ingestion.export_format import ENTITIES
from ingestion.limits import Quality
from ingestion.settings import CONFIG_VARIABLE, SettingsError, load_settings
from ingestion.source_kinds import LIVE_KINDS
from orchestration import builds
from orchestration.assembly import JOB, build_defs
from orchestration.cli import runner
from orchestration.cli.runner import run_job
from orchestration.dbt.plan import read_plan
from orchestration.dbt.process import dismiss
from orchestration.defs import audit, raw
from orchestration.defs.transform import manifest_of
from orchestration.home import Home, unlock
from orchestration.progress import Reporter
from orchestration.releases import catalog, publication
from orchestration.troubles import troubles_of
from tests.drops import conversation, write_batch, write_config
from tests.orchestration.conftest import MakeBuild

SCHEDULE = '[schedule]\ncron = "15 3 * * *"\ntimezone = "Europe/Paris"\n'


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("job")
    (folder / "drop").mkdir()
    return write_config(folder, extra=SCHEDULE)


@pytest.fixture(scope="module")
def defs(config: Path) -> dg.Definitions:
    return build_defs(load_settings(config))


def test_the_graph_goes_from_raw_entities_to_the_release(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    keys = {key.to_user_string() for key in graph.get_all_asset_keys()}
    assert {f"raw/{entity}" for entity in ENTITIES} | {f"marts/{mart}" for mart in MARTS} <= keys
    assert {key for key in keys if key.startswith("sources/")} == {"sources/acme_export"}
    assert graph.get(dg.AssetKey(["raw", "messages"])).parent_keys == {dg.AssetKey(["sources", "acme_export"])}
    assert graph.get(dg.AssetKey("release")).parent_keys == {dg.AssetKey("audit")}
    assert graph.get(dg.AssetKey(["readers", "bi_tools"])).parent_keys == {dg.AssetKey("release")}
    assert {dg.AssetKey(["marts", mart]) for mart in MARTS} <= graph.get(dg.AssetKey("audit")).parent_keys
    ancestors = graph.get(dg.AssetKey(["staging", "stg_export__messages"])).parent_keys
    assert dg.AssetKey(["raw", "messages"]) in ancestors


def test_every_asset_of_ours_is_described(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    made = [key for key in graph.get_all_asset_keys() if graph.get(key).is_materializable]
    assert [key for key in made if not graph.get(key).description] == []


def test_what_is_not_configured_is_not_there(defs: dg.Definitions) -> None:
    keys = {key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()}
    assert not {key for key in keys if any(kind in key for kind in LIVE_KINDS)}


def test_groups_form_no_cycle(defs: dg.Definitions) -> None:
    """So the drawing runs from left to right."""
    graph = defs.resolve_asset_graph()
    before: dict[str, set[str]] = {}
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        before.setdefault(node.group_name, set()).update(graph.get(parent).group_name for parent in node.parent_keys)
    sorter = TopologicalSorter({group: of - {group} for group, of in before.items()})
    order = list(sorter.static_order())
    assert order.index("sources") < order.index("raw") < order.index("marts") < order.index("release")
    assert order.index("reports") < order.index("release") < min(order.index("readers"), order.index("upkeep"))
    assert "default" not in order


def test_each_data_test_that_a_build_runs_is_a_blocking_check_on_its_model(defs: dg.Definitions, config: Path) -> None:
    graph = defs.resolve_asset_graph()
    checks = [graph.get(key) for key in graph.asset_check_keys]
    ours = {*audit.SUITES, raw.ACCEPTED, raw.FRESH}
    from_dbt = {check.key.name: check for check in checks if check.key.name not in ours}
    nodes = manifest_of(load_settings(config))["nodes"].values()
    assert set(from_dbt) == {node["name"] for node in nodes if node["resource_type"] == "test"}
    assert len(from_dbt) > 20
    assert all(check.blocking for check in from_dbt.values())
    assert from_dbt["assert_live_records_are_in_raw"].key.asset_key.path[-1] == "stg_settings__batch_counts"


def test_assets_and_the_job_have_the_owners_and_the_prefixes_that_they_are_given(config: Path) -> None:
    owners = ["ops@acme.example", "team:data"]
    settings = load_settings(config)
    mounted = build_defs(settings, key_prefix=["acme", "support"], group_prefix="acme_", owners=owners)
    graph = mounted.resolve_asset_graph()
    assert {tuple(key.path[:2]) for key in graph.get_all_asset_keys()} == {("acme", "support")}
    assert {graph.get(key).group_name.split("_")[0] for key in graph.get_all_asset_keys()} == {"acme"}
    made = [graph.get(key) for key in graph.get_all_asset_keys() if graph.get(key).is_materializable]
    assert all(list(node.owners) == owners for node in made)
    assert mounted.resolve_job_def("acme_support_causerie")
    assert [sensor.name for sensor in mounted.sensors or []] == ["acme_support_watch"]
    assert (mounted.executor, mounted.resources) == (None, None)


def test_a_prefix_may_be_one_word(config: Path) -> None:
    defs = build_defs(load_settings(config), key_prefix="acme")
    assert defs.resolve_asset_graph().has(dg.AssetKey(["acme", "release"]))


def test_two_homes_and_definitions_of_ones_own_stand_side_by_side(config: Path, tmp_path: Path) -> None:
    """Also where these have an asset called as ours, an executor and resources."""

    @dg.asset(name="release")
    def own() -> None:
        pass

    others = dg.Definitions([own], executor=dg.multiprocess_executor, resources={"reporter": 1})
    source = {"name": "other", "kind": "export", "account": "acme", "path": "drop"}
    other = load_settings(write_config(tmp_path, sources=[source]))
    both = dg.Definitions.merge(
        others,
        build_defs(load_settings(config), key_prefix=["one"], group_prefix="one_"),
        build_defs(other, key_prefix=["two"], group_prefix="two_"),
    )
    dg.Definitions.validate_loadable(both)
    keys = {key.to_user_string() for key in both.resolve_asset_graph().get_all_asset_keys()}
    assert {"release", "one/release", "two/release"} <= keys
    for name in ("one_causerie", "two_causerie"):
        assert both.resolve_job_def(name).executor_def.name == "in_process"
    for name, of in (("one", "acme_export"), ("two", "other")):
        config_of = {"ops": {f"{name}_parse_again": {"config": {"source": of}}}}
        dg.validate_run_config(both.resolve_job_def(f"{name}_parse_again"), config_of)


def test_the_schedule_is_the_configured_one(defs: dg.Definitions) -> None:
    schedule = defs.resolve_schedule_def("scheduled_run")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("15 3 * * *", "Europe/Paris")
    assert schedule.job_name == JOB


def test_without_a_schedule_there_is_none(config: Path) -> None:
    settings = load_settings(config).model_copy(update={"schedule": None})
    assert not list(build_defs(settings).schedules or [])


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("release", "there is no build yet: launch the whole job"),
        ("audit", "there is no build yet: launch the whole job"),
        ("marts/overview", "no batch is accepted yet: launch the whole job"),
    ],
    ids=lambda value: str(value),
)
def test_a_step_launched_alone_says_what_it_lacks(defs: dg.Definitions, config: Path, step: str, words: str) -> None:
    job = defs.resolve_implicit_global_asset_job_def()
    node = defs.resolve_asset_graph().get(dg.AssetKey(step.split("/")))
    assert isinstance(node, AssetNode)
    keys = node.execution_set_entity_keys  # what Dagster's pages launch with it
    assets = [key for key in keys if isinstance(key, dg.AssetKey)]
    result = job.execute_in_process(asset_selection=assets, raise_on_error=False)
    unlock(Home(config.parent / "var"))
    dismiss(load_settings(config))
    assert not result.success
    failures = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
    assert any(error is not None and words in error.to_string() for error in failures)
    assert not Home(config.parent / "var").current.exists()


def test_a_part_of_the_models_cannot_be_launched(defs: dg.Definitions) -> None:
    job = defs.resolve_implicit_global_asset_job_def()
    with pytest.raises(dg.DagsterInvalidSubsetError):
        job.execute_in_process(asset_selection=[dg.AssetKey(["staging", "stg_export__conversations"])])


@pytest.mark.slow  # Dagster's history costs ten seconds; a refused build is also seen by ``end_to_end/test_run``
def test_a_refused_build_is_reported_and_recorded_also_where_its_data_docs_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its findings are in the metadata of the check that failed, in the history that the environment names."""

    def fail(_: Path) -> None:
        raise TypeError("no docs")

    finding = Finding("words", "x", "critical", "all agrees.", "2 is not 3", ({"mart": "by_agent", "off": "1"},))
    refused = Verdict("b", 1, 0, (finding,))
    monkeypatch.setattr(audit, "evaluate", lambda build_id, *_, **__: (replace(refused, build_id=build_id), fail))
    (tmp_path / "dagster").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation()]})
    settings = load_settings(write_config(tmp_path))
    status = run_job(settings, time.monotonic())
    unlock(Home(settings.home))
    printed = capsys.readouterr().out
    assert status == 1
    assert "words: all agrees. Found: 2 is not 3" in printed
    assert "no docs" in Home(settings.home).log.read_text()
    assert not Home(settings.home).current.exists()
    with dg.DagsterInstance.get() as instance:
        (run,) = instance.get_runs()
        assert not run.is_success
        kept = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    events = [entry.dagster_event for entry in kept if entry.dagster_event is not None]
    checks = {event.asset_check_evaluation_data.check_name: event.asset_check_evaluation_data for event in events}
    assert [name for name in audit.SUITES if not checks[name].passed] == ["words"]
    assert checks["words"].description == "words: all agrees. Found: 2 is not 3"
    (record,) = checks["words"].metadata["what"].records
    assert record.data == {"severity": "critical", "expected": "all agrees.", "observed": "2 is not 3"}


def test_a_release_links_to_its_documentation(tmp_path: Path, home: Home, make_build: MakeBuild) -> None:
    """At the address where releases are served, if there is one; else to the files."""
    linked = []
    for number, extra in enumerate(("", '[releases]\nbase_url = "https://bi.acme.example/causerie"\n'), 1):
        make_build(f"b{number}-0123456789")
        settings = load_settings(write_config(tmp_path, extra=extra))
        job = build_defs(settings).resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(asset_selection=[dg.AssetKey("release")])
        unlock(home)
        (event,) = result.asset_materializations_for_node("release")
        linked.append((event.metadata["release_id"].value, event.metadata["data_docs"], event.metadata["dbt_docs"]))
    (first, data, dbt), (second, data_url, dbt_url) = linked
    assert Path(str(data.value)).parent == home.releases / str(first) / "data_docs"
    assert dbt == dg.MetadataValue.path(str(home.releases / str(first) / "dbt_docs.html"))
    assert data_url == dg.MetadataValue.url(f"https://bi.acme.example/causerie/{second}/data_docs/index.html")
    assert dbt_url == dg.MetadataValue.url(f"https://bi.acme.example/causerie/{second}/dbt_docs.html")


def test_with_nothing_delivered_nothing_is_built(config: Path) -> None:
    reporter = Reporter()
    settings = load_settings(config)
    job = build_defs(settings, reporter=reporter).resolve_job_def(JOB)
    result = job.execute_in_process(raise_on_error=False)
    unlock(Home(settings.home))
    assert result.success
    assert (reporter.is_new, reporter.release) == (False, None)
    assert set(reporter.steps) == {"ingest"}


def test_with_nothing_new_what_a_killed_run_left_goes(tmp_path: Path, home: Home, make_build: MakeBuild) -> None:
    build = make_build("b1-0123456789")
    plan = read_plan(build.plan)
    assert plan is not None
    release = publication.publish(home, build, plan.fingerprint, datetime(2026, 2, 3, tzinfo=UTC))
    left = home.releases / ".new-20260204T000000Z-01234567.duckdb"
    left.touch()
    reporter = Reporter()
    settings = load_settings(tmp_path / "causerie.toml")
    result = build_defs(settings, reporter=reporter).resolve_job_def(JOB).execute_in_process(raise_on_error=False)
    unlock(home)
    assert (result.success, reporter.is_new) == (True, False)
    assert not left.exists()
    assert catalog.current(home) == release


def test_dagsters_own_tools_load_the_code_location(config: Path) -> None:
    run = subprocess.run(
        [Path(sys.executable).with_name("dagster"), "definitions", "validate", "-m", "orchestration.definitions"],
        env={CONFIG_VARIABLE: str(config), "PATH": "/usr/bin:/bin", "DAGSTER_HOME": str(config.parent)},
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_an_unforeseen_error_is_reported_in_a_line_and_whole_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the unforeseen")

    monkeypatch.setattr(builds, "create_build", fail)
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation()]})
    settings = load_settings(write_config(tmp_path))
    status = run_job(settings, time.monotonic())
    unlock(Home(settings.home))
    dismiss(settings)
    printed = capsys.readouterr().out
    assert status == 1
    assert "dbt build: the unforeseen" in printed
    assert "Traceback" not in printed
    log = Home(settings.home).log.read_text()
    assert "in fail" in log
    assert 'raise RuntimeError("the unforeseen")' in log


def test_a_run_that_leaves_steps_out_is_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Dagster skips what has no input, and is content."""

    @dg.op(config_schema={"full_refresh": bool})
    def ingest() -> None:
        pass

    @dg.job
    def causerie() -> None:
        ingest()

    monkeypatch.setattr(runner, "build_defs", lambda *_, **__: dg.Definitions(jobs=[causerie]))
    settings = load_settings(write_config(tmp_path))
    settings.home.mkdir()
    assert run_job(settings, time.monotonic()) == 1
    assert "the steps after it were left out" in capsys.readouterr().out


@pytest.mark.systems
def test_a_run_that_cannot_load_its_definitions_is_a_trouble(tmp_path: Path) -> None:
    """As with an extension whose file is not Python: the configuration is as it was."""
    own = tmp_path / "ours" / "expectations"
    own.mkdir(parents=True)
    (own / "teams.py").write_text("QUERY = 'select 1'\n\ndef expectations(limits):\n    return [\n")
    settings = load_settings(write_config(tmp_path, extra='[extension]\npath = "ours"\n'))
    settings.home.mkdir()
    with pytest.raises(SettingsError, match="never closed"):
        run_job(settings, time.monotonic())
    (trouble,) = troubles_of(settings, datetime.now(UTC))
    assert (trouble.kind, trouble.fails_a_run) == ("run failed", True)
    assert "expectations/teams.py" in trouble.reasons[0]


def test_each_suite_is_a_blocking_check() -> None:
    assert list(audit.SUITES) == list(suites.suites(Quality()))


@pytest.mark.builds
@pytest.mark.systems
def test_a_data_test_that_fails_is_seen_as_a_check_on_its_mart(tmp_path: Path) -> None:
    (tmp_path / "ours" / "tests").mkdir(parents=True)
    (tmp_path / "ours" / "tests" / "assert_none.sql").write_text("select 1 as one from {{ ref('details') }}")
    write_batch(tmp_path / "drop" / "b1", {"conversations": [conversation()]})
    settings = load_settings(write_config(tmp_path, extra='[extension]\npath = "ours"'))
    result = build_defs(settings).resolve_job_def(JOB).execute_in_process(raise_on_error=False)
    unlock(Home(settings.home))
    assert not result.success
    (seen,) = [one for one in result.get_asset_check_evaluations() if one.check_name == "assert_none"]
    assert (seen.asset_key.path, seen.passed) == (["marts", "details"], False)
