"""How dbt is called: as its own process, on the build of the running job.

Here: paths, environment, the parsed project. Not here: the assets made from it (``defs.transform``), nor anything
that imports Dagster: the command starts parsing before it loads the rest.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from ingestion.settings import Resources, Settings, SettingsError, is_plain
from ingestion.source_kinds import LIVE_KINDS, shape_of_records
from ingestion.storage.landing import write_durably
from orchestration import processes
from orchestration.dbt import PROJECT as PROJECT
from orchestration.dbt import extension
from orchestration.home import DBT_PAGE, Build, Home, umask_of_user

EXECUTABLE = Path(sys.executable).with_name("dbt")
PREPARED = PROJECT / "target"
"""Where the installation leaves the parsed project, if it does."""
MANIFEST, PARTIAL_PARSE, STAMP = "manifest.json", "partial_parse.msgpack", "fingerprint"
RESULTS = "run_results.json"
_DOCUMENT = ["docs", "generate", "--static", "--empty-catalog", "--no-compile"]
"""Documents the project, without a database: the types of columns are those of the marts' contracts."""
_FAILED = ("error", "fail", "runtime error")
"""What dbt says of a model or a test that failed."""


def environment(resources: Resources, kinds: Collection[str] = ()) -> dict[str, str]:
    """What profile and models read. ``kinds``: those of the records of a build; to parse, none is needed."""
    return {
        "CAUSERIE_KINDS": " ".join(sorted(kinds)),
        "CAUSERIE_MEMORY_LIMIT": resources.memory_limit,
        "CAUSERIE_THREADS": str(resources.threads or os.cpu_count() or 1),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_USE_COLORS": "false",
    }


def project_fingerprint(own: Path | None = None) -> str:
    """Tells this dbt project, with the extension in the folder ``own``, from any other."""
    digest = hashlib.sha256(version("dbt-core").encode())
    for path in sorted(PROJECT.rglob("*")):
        inside = path.relative_to(PROJECT)
        if path.is_file() and inside.parts[0] in ("models", "macros", "tests", "dbt_project.yml", "profiles.yml"):
            digest.update(f"{inside}\0".encode())
            digest.update(path.read_bytes())
    for name, content in extension.files(own):
        digest.update(f"{extension.PACKAGE}/{name}\0".encode())
        digest.update(content)
    return digest.hexdigest()


_parsing: dict[Path, tuple[subprocess.Popen[str], IO[str], str]] = {}
"""By the folder of the manifest: the process, its lock, and the fingerprint of what it reads, which may change."""


def begin_parsing(settings: Settings) -> None:
    """Have dbt parse the project in the background if it has changed; :func:`ensure_manifest` waits for it."""
    folder, variables = Home(settings.home).dbt, _environment(settings)
    present = project_fingerprint(settings.extension.path)
    if folder in _parsing or _is_parsed(folder, present):
        return
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "parsing.lock").open("a")
    # Dagster's processes load the same definitions at once: one would read what the other is writing
    fcntl.flock(lock, fcntl.LOCK_EX)
    if not _is_parsed(folder, present):
        (folder / STAMP).unlink(missing_ok=True)
        if not _is_parsed(PREPARED, present):
            _parsing[folder] = _start(["parse"], folder, variables), lock, present
            return
        for name in (MANIFEST, DBT_PAGE):
            shutil.copyfile(PREPARED / name, folder / name)
        _stamp(folder, present)
    lock.close()


def prepare() -> None:
    """Parse and document the project in the checkout, once at installation: a new home then copies it.

    Raises:
        RuntimeError: dbt cannot parse the project.
    """
    present = project_fingerprint()
    if not _is_parsed(PREPARED, present):
        _finish(_start(["parse"], PREPARED, environment(Resources())))
        _finish(_start(_DOCUMENT, PREPARED, environment(Resources())))
        _stamp(PREPARED, present)


def ensure_manifest(settings: Settings) -> Path:
    """The manifest of the project, parsed anew only when the project has changed.

    Raises:
        RuntimeError: dbt cannot parse the project.
        SettingsError: there is an extension, which is to blame.
    """
    folder = Home(settings.home).dbt
    begin_parsing(settings)
    if folder in _parsing:
        process, lock, present = _parsing.pop(folder)
        with lock:
            try:
                _finish(process)
                _finish(_start(_DOCUMENT, folder, _environment(settings)))
            except RuntimeError as error:
                if settings.extension.path is None:
                    raise
                raise SettingsError(f"extension.path: {settings.extension.path}: {error}") from None
            extension.refuse_misconfigured(folder / MANIFEST)
            _stamp(folder, present)
    return folder / MANIFEST


def _environment(settings: Settings, kinds: Collection[str] = ()) -> dict[str, str]:
    return environment(settings.resources, kinds) | extension.environment(settings)


def _stamp(folder: Path, present: str) -> None:
    """Say what project the manifest in a folder is of; the disk keeps it first."""
    with (folder / MANIFEST).open("rb") as file:
        os.fsync(file.fileno())
    write_durably(folder / STAMP, present.encode())


def _is_parsed(folder: Path, present: str) -> bool:
    stamp = folder / STAMP
    is_whole = all((folder / name).is_file() for name in (STAMP, MANIFEST, DBT_PAGE))
    return is_whole and stamp.read_text() == present


def generate_docs(settings: Settings) -> Path:
    """Write the documentation site of the last build; its first page.

    Raises:
        RuntimeError: dbt cannot generate it.
    """
    folder = settings.home / "docs"
    ours = _environment(settings, kinds_of(settings))
    ours["CAUSERIE_CANDIDATE_READ_ONLY"] = "True"  # it may be a release by now
    home = Home(settings.home)
    _finish(_start(["docs", "generate", "--static"], folder, ours, home.open_build, umask_of_user(home)))
    return folder / DBT_PAGE


_loaded: dict[Path, tuple[subprocess.Popen[bytes], str]] = {}
"""By home: the process, and the fingerprint of what it has read."""


def load_ahead(settings: Settings) -> None:
    """Have a dbt process load in the background what :func:`start` will need; it ends with this process."""
    home = Home(settings.home)
    if home.path in _loaded or is_plain():
        return
    target, present = home.dbt / "loaded", project_fingerprint(settings.extension.path)
    target.mkdir(parents=True, exist_ok=True)
    if not (target / PARTIAL_PARSE).exists() and _is_parsed(PREPARED, present):
        shutil.copyfile(PREPARED / PARTIAL_PARSE, target / PARTIAL_PARSE)
    process = processes.start(
        [sys.executable, "-m", "orchestration.dbt.worker", *_options(target)],
        {**_environment(settings), "PYTHONUNBUFFERED": "1"},
        cwd=PROJECT.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    _loaded[home.path] = process, present


def dismiss(settings: Settings) -> None:
    """End a process that was loaded and is not needed."""
    process, _ = _loaded.pop(settings.home, (None, ""))
    if process is not None:
        process.kill()
        process.communicate()


def order_of(settings: Settings, command: Sequence[str], target: Path) -> tuple[list[str], dict[str, str]]:
    """The arguments and the variables with which dbt does a command, and reports its events as lines of JSON."""
    variables = _environment(settings, kinds_of(settings))
    variables |= {"DBT_LOG_FORMAT": "json", "DAGSTER_DBT_CLI": "true"}
    # dbt's debug log costs a tenth of its time; what failed stands in its results, and in the run's log
    return ["--log-level-file", "warn", *command, *_options(target)], variables


def start(
    settings: Settings, build: Build, command: Sequence[str], target: Path | None = None
) -> subprocess.Popen[bytes]:
    """Have dbt do a command on a build. ``target``: where its artifacts go, if not to those of the build."""
    arguments, variables = order_of(settings, command, target or build.target)
    folder = build.folder.resolve()
    if is_plain():
        return processes.start(
            [str(EXECUTABLE), *arguments],
            variables,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    load_ahead(settings)
    if _loaded[settings.home][1] != project_fingerprint(settings.extension.path):  # it was changed meanwhile
        dismiss(settings)
        load_ahead(settings)
    process, _ = _loaded.pop(settings.home)
    order = {"arguments": arguments, "environment": variables, "folder": str(folder)}
    assert process.stdin is not None
    process.stdin.write(json.dumps(order).encode() + b"\n")
    process.stdin.flush()
    return process


def kinds_of(settings: Settings) -> frozenset[str]:
    """The kinds of the records that the configured sources deliver."""
    return frozenset(shape_of_records(source.kind) for source in settings.sources)


def _absent_kinds(settings: Settings) -> list[str]:
    return [kind for kind in LIVE_KINDS if kind not in kinds_of(settings)]


def left_out(settings: Settings) -> list[str]:
    """dbt's arguments to leave out the models of kinds of sources that are not configured, and tests for CI alone."""
    models = [f"path:models/staging/{kind},resource_type:model" for kind in _absent_kinds(settings)]
    # cautious: a test goes with the models and sources that it reads only if all of them go
    return ["--indirect-selection", "cautious", "--exclude", "tag:ci", *models, *_without_whatsapp(settings)]


def is_left_out(settings: Settings, node: Mapping[str, Any]) -> bool:
    """Whether these arguments leave out a node of dbt's manifest. Spark makes no macros: they come in a DuckDB file."""
    is_absent = node["resource_type"] == "model" and node["fqn"][1:3] in [
        ["staging", kind] for kind in _absent_kinds(settings)
    ]
    is_ours_alone = settings.engine.kind == "spark" and node["config"].get("materialized") == "table_macro"
    return is_absent or is_ours_alone or "ci" in node["tags"] or node["name"] in _without_whatsapp(settings)


def _without_whatsapp(settings: Settings) -> list[str]:
    has_any = kinds_of(settings) & {"activecampaign", "meta_webhooks"}
    return [] if has_any else ["int_whatsapp_messages"]


def _options(target: Path) -> list[str]:
    return [
        *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
        *("--target-path", str(target), "--log-path", str(target)),
    ]


def _start(
    command: Sequence[str], target: Path, ours: Mapping[str, str], folder: Path = PROJECT, umask: int = -1
) -> subprocess.Popen[str]:
    return processes.start(
        [str(EXECUTABLE), *command, *_options(target)],
        ours,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        umask=umask,
    )


def _finish(process: subprocess.Popen[str]) -> None:
    output, _ = process.communicate()
    if process.returncode:
        said = output.rpartition("Encountered an error:\n")[2]
        raise RuntimeError(f"dbt cannot work on {PROJECT}:\n{said[-4000:]}")


def open_build(settings: Settings, build: Build) -> None:
    """Make a build the one that dbt finds."""
    home = Home(settings.home)
    build.target.mkdir(parents=True, exist_ok=True)
    link = home.open_build.with_name(".open")
    link.unlink(missing_ok=True)
    link.symlink_to(build.id)
    link.replace(home.open_build)


def _results(build: Build) -> list[dict[str, Any]]:
    """What dbt says of each model and test of a build; empty when nothing ran, or dbt was killed as it wrote it."""
    try:
        return list(json.loads((build.target / RESULTS).read_text())["results"])
    except (FileNotFoundError, ValueError):
        return []


def failures(build: Build) -> list[str]:
    """What failed in a dbt build, in words; empty when all went well or nothing ran."""
    found = []
    for result in _results(build):
        if result["status"] in _FAILED:
            name = result["unique_id"].split(".")[2]
            message = " ".join((result["message"] or "").split())
            found.append(f"dbt: {name}: {message}")
    return found


def only_tests_failed(build: Build) -> bool:
    """Whether all that failed are data tests, which fail again on the same data; anything else may go better."""
    return {result["status"] for result in _results(build)} & set(_FAILED) == {"fail"}


def timings(build: Build) -> dict[str, float]:
    """Seconds that each model and test took."""
    return {result["unique_id"].split(".")[2]: result["execution_time"] for result in _results(build)}


def tests_passed(build: Build) -> int:
    """How many data tests passed."""
    return sum(result["status"] == "pass" for result in _results(build))


if __name__ == "__main__":
    prepare()
