"""Processes that a run starts: dbt, and the reader that checks a release.

Here: their environment, and their end. Not here: what they are asked to do (``dbt``, ``releases.publication``).
Imports nothing that takes time: a command begins with it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

KEPT = ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"]
"""What a process learns of the user's environment: where programs, libraries and scratch space are. Any other variable
could change a build: dbt and Python alone know some hundred."""
_SET = {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
_started: list[subprocess.Popen[Any]] = []


def start(command: Sequence[str], ours: Mapping[str, str] | None = None, **options: Any) -> subprocess.Popen[Any]:
    """Start a process whose environment is what it needs, and ``ours``."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    process = subprocess.Popen(command, env={**kept, **_SET, **(ours or {})}, **options)
    _started[:] = [one for one in _started if one.poll() is None]
    _started.append(process)
    return process


def end_all() -> None:
    """End what is still at work: this process ends now, and what these work on is thrown away."""
    for process in _started:
        process.kill()
    for process in _started:
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.5)
