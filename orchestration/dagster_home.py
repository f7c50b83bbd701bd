"""Dagster's tools on the home of a configuration: where they keep the history of runs, and with what in their environment.

    python -m orchestration.dagster_home CONFIG [COMMAND…]

prepares ``<home>/dagster``, or the folder that ``DAGSTER_HOME`` names, and becomes COMMAND with it; without a COMMAND
it prints the folder. Here: that, for `make dev`, services and containers. Not here: what Dagster loads
(``definitions``), nor how its instance is configured (``deploy/dagster.yaml``).
"""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path

from ingestion.settings import CONFIG_VARIABLE, SettingsError, load_settings
from ingestion.storage.landing import write_durably
from orchestration.cli.ending import WRONG
from orchestration.home import Home, keep_private

_INSTANCES = Path(__file__).resolve().parents[1] / "deploy"
DATABASE_VARIABLE = "CAUSERIE_DAGSTER_DATABASE"
"""Names the PostgreSQL database of Dagster's history. A command of causerie removes variables of Dagster's own."""


def prepare(home: Home) -> Path:
    """Make the folder that keeps Dagster's history, closed to other users, and name it in the environment.

    A ``dagster.yaml`` that is there stays. One process at a time makes the tables of the history: two that begin at once
    would leave it broken.
    """
    keep_private(home)
    folder = Path(os.environ.setdefault("DAGSTER_HOME", str(home.dagster)))
    os.environ |= {"DAGSTER_DISABLE_TELEMETRY": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    folder.mkdir(parents=True, exist_ok=True)
    instance = folder / "dagster.yaml"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not instance.exists():
            ours = "dagster-postgres.yaml" if os.environ.get(DATABASE_VARIABLE) else "dagster.yaml"
            write_durably(instance, (_INSTANCES / ours).read_bytes())
        import dagster as dg

        with dg.DagsterInstance.get():
            pass
    return folder


def main(arguments: list[str]) -> None:
    """Prepare the folder; become the command, or print the folder."""
    config, command = Path(arguments[0]).resolve(), arguments[1:]
    try:
        home = Home(load_settings(config).home)
    except SettingsError as error:
        print(error, file=sys.stderr)
        sys.exit(WRONG)
    folder = prepare(home)
    if not command:
        print(folder)
        return
    os.environ[CONFIG_VARIABLE] = str(config)
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
