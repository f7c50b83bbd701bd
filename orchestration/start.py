"""The process of the `causerie` command: its environment, its beginning and its end.

Here: which variables are removed, and how the end of a command becomes an exit status. Not here: the sub-commands
(``cli``). Nothing that takes time is imported before the environment is settled.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from orchestration.cli import ending

_FOREIGN = ("DBT_", "DAGSTER_", "PYTHON", "GX_", "UVICORN_", "PANDAS_", "ARROW_", "PYARROW_", "SQLALCHEMY_")
"""Variables with which users of these tools change what the tools do. A run sets what it needs itself."""
_DAGSTER_HOME = "DAGSTER_HOME"
"""The exception: where Dagster records runs."""


def main() -> NoReturn:
    """Run the command that the arguments name."""
    settle()
    ending.prepare()
    try:
        from orchestration.cli.main import main as command

        command(prog_name="causerie")
    except ending.StoppedError:
        status = ending.REFUSED
    except ending.OutputLostError:
        status = ending.REFUSED
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else ending.PUBLISHED
    except Exception:
        if not ending.is_stopped():  # a signal makes libraries raise errors of their own
            import traceback

            traceback.print_exc()
        status = ending.REFUSED
    ending.leave(status)


def settle() -> None:
    """Start again without foreign variables, if there are any: Python has already read its own."""
    ours = {name: value for name, value in os.environ.items() if not _is_foreign(name)}
    is_utf8 = sys.getfilesystemencoding() == "utf-8"
    if len(ours) != len(os.environ) or not is_utf8:
        os.execve(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]], ours)


def _is_foreign(name: str) -> bool:
    return name.startswith(_FOREIGN) and name != _DAGSTER_HOME
