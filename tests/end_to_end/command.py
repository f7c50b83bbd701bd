"""The command in a process of its own, as people run it: how it ends by itself, and when it is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

CAUSERIE = Path(sys.executable).with_name("causerie")
PUBLISHED, REFUSED, WRONG = 0, 1, 2


def causerie(*arguments: str | Path, umask: int = -1) -> subprocess.CompletedProcess[str]:
    return subprocess.run([CAUSERIE, *arguments], capture_output=True, text=True, check=False, umask=umask)


Ready = Callable[[subprocess.Popen[bytes]], None]


def stop(command: list[str | Path], ready: Ready, number: signal.Signals, *, with_its_own: bool = False) -> list[str]:
    """Start a command, stop it when it is ready, and see it end in time with nothing left; what it said.

    ``with_its_own``: the processes that it started get the signal too, as from systemd.
    """
    process = subprocess.Popen(
        [CAUSERIE, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        ready(process)
        os.killpg(process.pid, number) if with_its_own else process.send_signal(number)
        began = time.monotonic()
        _, said = process.communicate(timeout=20)
        assert time.monotonic() - began < 2
        assert process.returncode == 128 + number
        left = ["ps", "-o", "stat=", "-g", str(process.pid)]
        states = subprocess.run(left, capture_output=True, text=True, check=False)
        assert {state[0] for state in states.stdout.split()} <= {"Z"}, "something of it outlives it"
    finally:
        process.kill()
    return said.decode().splitlines()


def at_step(name: str, after: float = 1) -> Ready:
    """Ready so many seconds after a step has begun."""

    def wait(process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        while not process.stdout.readline().startswith(f"{name} …".encode()):
            assert process.poll() is None
        time.sleep(after)

    return wait
