"""A command measured from outside: seconds, processor seconds, peak memory and spilled bytes, by the steps it prints.

Here: processes and folders as the operating system shows them (Linux only: /proc). Not here: what is run, or how
figures are shown.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CAUSERIE = (sys.executable, "-c", "from orchestration.cli.main import main; main(prog_name='causerie')")
"""The command of the checkout that the bench lies in, wherever the installed one points."""
STARTUP, BETWEEN = "start-up", "between, and the end"
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_SPILLS = (".tmp", "*/spill", "*/*/spill", "*/*/*/spill")
"""Where DuckDB spills below the folder of a configuration: an in-memory database spills where the command runs."""
_BEGIN, _END = re.compile(r"(\w[\w ]*) …"), re.compile(r"(\w[\w ]*?) +\d+\.\d s")


def causerie_run(config: Path) -> list[str]:
    """The command that ingests, builds and publishes."""
    return [*CAUSERIE, "run", "--config", str(config)]


class CommandError(Exception):
    """A measured command did not end well. The message holds what it said."""


@dataclass
class Step:
    """Seconds, processor seconds (user and system) and peak resident bytes."""

    seconds: float = 0.0
    cpu: float = 0.0
    memory: int = 0


@dataclass
class Measured(Step):
    """A command as a whole. ``steps``: what it said it was at; ``spilled``: the most bytes in its spill folders."""

    steps: dict[str, Step] = field(default_factory=dict)
    spilled: int = 0
    output: str = ""


def measure(command: Sequence[str | Path], folder: Path) -> Measured:
    """Run a command in ``folder`` to its end. Lines `name …` and `name 1.2 s` begin and end a step.

    The disk is at rest when it begins: what the run before left to be written is not its own.

    Raises:
        CommandError: its status is not 0.
    """
    os.sync()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        list(map(str, command)),
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watch = _Watch(process.pid, folder)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            watch.measured.output += line
            watch.read(line.rstrip())
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        watch.stop()
    measured = watch.measured
    measured.cpu = usage.ru_utime + usage.ru_stime
    if BETWEEN in measured.steps:  # last, wherever it began
        measured.steps[BETWEEN] = measured.steps.pop(BETWEEN)
    if process.returncode:
        raise CommandError(f"{' '.join(map(str, command))}: status {process.returncode}\n{measured.output}")
    return measured


class _Watch:
    """Samples a process and its children in a thread of its own."""

    def __init__(self, pid: int, folder: Path) -> None:
        self.measured = Measured()
        self._pid, self._folder, self._step = pid, folder, STARTUP
        self._started = self._begun = time.monotonic()
        self._cpu = 0.0
        self._stop = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._sampler.start()

    def read(self, line: str) -> None:
        """A line of output: one that begins or ends a step closes the step before."""
        if match := _BEGIN.fullmatch(line):
            self._close(match[1])
        elif (match := _END.fullmatch(line)) and match[1] == self._step:
            print(f"    {line}", flush=True)
            self._close(BETWEEN)

    def stop(self) -> None:
        """The process has ended."""
        self._stop.set()
        self._sampler.join()
        self._close("")
        self.measured.seconds = time.monotonic() - self._started

    def _close(self, following: str) -> None:
        now, cpu = time.monotonic(), cpu_seconds(self._pid) or self._cpu
        step = self.measured.steps.setdefault(self._step, Step())
        step.seconds += now - self._begun
        step.cpu += cpu - self._cpu
        self._begun, self._cpu, self._step = now, cpu, following

    def _sample(self) -> None:
        turn = 0
        while not self._stop.wait(0.1):
            step = self.measured.steps.setdefault(self._step, Step())
            step.memory = max(step.memory, resident(self._pid))
            self.measured.memory = max(self.measured.memory, step.memory)
            if turn % 5 == 0:
                self.measured.spilled = max(self.measured.spilled, _spilled(self._folder))
            turn += 1


def middle(runs: Sequence[Measured]) -> Measured:
    """The run of median seconds (of an even number, the faster of the two), so that its steps belong together."""
    return sorted(runs, key=lambda run: run.seconds)[(len(runs) - 1) // 2]


def resident(pid: int) -> int:
    """Resident bytes of a process and all its children."""
    return sum(int(fields[1]) for each in _family(pid) if (fields := _fields(each, "statm"))) * _PAGE


def cpu_seconds(pid: int) -> float:
    """Processor seconds of a process and all its children, also of those that have ended."""
    # the name of the program, in brackets, may hold blanks
    stats = [" ".join(fields).rpartition(")")[2].split() for each in _family(pid) if (fields := _fields(each, "stat"))]
    return sum(int(ticks) for stat in stats for ticks in stat[11:15]) / _TICK


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder; a file of several names counts once."""
    sizes = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                status = os.lstat(os.path.join(parent, name))  # noqa: PTH118 - a hundred thousand files
            except FileNotFoundError:
                continue
            sizes[status.st_ino] = status.st_size
    return sum(sizes.values())


def _spilled(folder: Path) -> int:
    return sum(size_of(spill) for spill in {path.resolve() for pattern in _SPILLS for path in folder.glob(pattern)})


def _fields(pid: int, name: str) -> list[str]:
    """The words of a file of /proc; none once the process is gone."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text().split()
    except (OSError, UnicodeDecodeError):
        return []


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = [
            child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
        ]
    except OSError:
        return
    for child in children:
        yield from _family(int(child))
