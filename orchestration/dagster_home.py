"""Dagster's tools on the home of a configuration: where they keep the history of runs, and what their environment says.

    python -m orchestration.dagster_home CONFIG [COMMAND…]

prepares ``<home>/dagster``, or the folder that ``DAGSTER_HOME`` names, and becomes COMMAND with it; without a COMMAND
it prints the folder. `make dev`, services and containers begin with it. Here: that. Not here: what Dagster loads
(``definitions``), nor how its instance is configured (``deploy/dagster.yaml``).
"""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path

from ingestion.settings import CONFIG_VARIABLE, Settings, SettingsError, load_settings
from ingestion.storage.landing import write_durably
from orchestration.cli.ending import WRONG
from orchestration.dbt import process as dbt_process
from orchestration.home import Home, keep_private

DATABASE_VARIABLE = "CAUSERIE_DAGSTER_DATABASE"
"""Names the PostgreSQL database of Dagster's history. Variables of Dagster's own do not reach a command of causerie."""
_INSTANCES = Path(__file__).resolve().parents[1] / "deploy"


def prepare(settings: Settings) -> Path:
    """Make the folder of Dagster's history, which its user alone can read, and name it in the environment.

    A ``dagster.yaml`` that is there stays. Services begin at the same time: one after the other they find the tables of
    the history and dbt's parsed project made, or make them. Two that make the tables at once leave them broken.
    """
    home = Home(settings.home)
    keep_private(home)
    folder = Path(os.environ.setdefault("DAGSTER_HOME", str(home.dagster)))
    os.environ |= {"DAGSTER_DISABLE_TELEMETRY": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "dagster.yaml").exists():
            ours = "dagster-postgres.yaml" if os.environ.get(DATABASE_VARIABLE) else "dagster.yaml"
            write_durably(folder / "dagster.yaml", (_INSTANCES / ours).read_bytes())
        dbt_process.ensure_manifest(settings)
        import dagster as dg

        with dg.DagsterInstance.get():
            pass
    return folder


def main(config: Path, command: list[str]) -> None:
    """Prepare the folder; become the command, or print the folder."""
    os.environ[CONFIG_VARIABLE] = str(config)
    try:
        folder = prepare(load_settings(config))
    except SettingsError as error:
        print(error, file=sys.stderr)
        sys.exit(WRONG)
    if not command:
        print(folder)
        return
    beside = Path(sys.executable).parent
    os.environ["PATH"] = f"{beside}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2:])
