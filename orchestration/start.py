"""The process of the `causerie` command: its surroundings, its beginning and its end.

Here: what the user's environment may not decide, and what becomes of the end of a command. Not here: the sub-commands
(``cli``). Imports nothing that takes time before the surroundings are settled.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from orchestration.cli import ending

_FOREIGN = ("DBT_", "DAGSTER_", "PYTHON", "GX_", "STREAMLIT_", "PANDAS_", "ARROW_", "PYARROW_", "SQLALCHEMY_")
"""Families of variables with which users of these tools change what they do. What a run needs is said by it."""
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
        if not ending.is_stopped():  # by one, libraries are interrupted with errors of their own
            import traceback

            traceback.print_exc()
        status = ending.REFUSED
    ending.leave(status)


def settle() -> None:
    """Begin again without foreign variables, where there are any: Python itself has read its own by now."""
    ours = {name: value for name, value in os.environ.items() if not _is_foreign(name)}
    is_utf8 = sys.getfilesystemencoding() == "utf-8"
    if len(ours) != len(os.environ) or not is_utf8:
        os.execve(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]], ours)


def _is_foreign(name: str) -> bool:
    return name.startswith(_FOREIGN) and name != _DAGSTER_HOME
