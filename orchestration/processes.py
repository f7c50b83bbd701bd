"""Processes that a run starts: dbt, and the reader that checks a release.

Here: their environment, and their end. Not here: what they do (``dbt``, ``releases.publication``). Every command begins
with this module, so it imports nothing that takes time.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

KEPT = ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"]
"""The variables of the user that a process gets: where programs, libraries and scratch space are. Any other could
change a build; dbt and Python alone read about a hundred."""
_SET = {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
_started: list[subprocess.Popen[Any]] = []


def start(command: Sequence[str], ours: Mapping[str, str] | None = None, **options: Any) -> subprocess.Popen[Any]:
    """Start a process with this minimal environment and the variables ``ours``."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    process = subprocess.Popen(command, env={**kept, **_SET, **(ours or {})}, **options)
    _started[:] = [one for one in _started if one.poll() is None]
    _started.append(process)
    return process


def end_all() -> None:
    """Kill the processes that still run: this one ends now, and their work is thrown away."""
    for process in _started:
        process.kill()
    for process in _started:
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.5)
