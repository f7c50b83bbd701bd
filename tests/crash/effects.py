"""The effects of a run on the files of its home: each has a name, and a run can be killed just before any one.

Here: what is installed in every Python process of a run under test (``injected/sitecustomize.py``), so nothing that
takes time to import. Not here: which effects are tried (``test_points``).

Python tells an audit hook of a file that is opened to be written, renamed, removed and so on, before it happens; what
it does not tell (`fsync`, the transactions of SQLite) is wrapped. What DuckDB writes into the files that it has open is
seen by nobody: `test_random` kills at any instant.

An effect's name says what happens, to what kind of path, and where in our packages it is asked for:

    os.rename landing/<source>/.new-<batch> landing/<source>/<batch> (ingestion.storage.landing.put_in_place)

Variables of the environment: ``CRASH_HOME``, without which nothing is installed; ``CRASH_LOG``: a file to which each
effect is added, with its process; ``CRASH_AT``: the effect to die at, its name, or ``name#4`` for the fourth one of
that name in one process.
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

VARIABLES = HOME, LOG, AT, FILL = "CRASH_HOME", "CRASH_LOG", "CRASH_AT", "CRASH_FILL"
_ROOT = str(Path(__file__).resolve().parents[2])
_PACKAGES = tuple(f"{_ROOT}/{name}/" for name in ("ingestion", "orchestration", "expectations"))
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_PATHS = {
    "os.rename": ((0, 2), (1, 3)),
    "os.remove": ((0, 1),),
    "os.rmdir": ((0, 1),),
    "os.mkdir": ((0, 2),),
    "os.symlink": ((1, 2),),
    "os.link": ((1, 3),),
    "os.chmod": ((0, 2),),
    "os.utime": ((0, 3),),
    "os.truncate": ((0, None),),
    "open": ((0, None),),
}
"""Of each audit event, which of its arguments are paths that it changes, and which tell the folder they start at."""
_RELEASE = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")
_RUN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def install() -> None:
    """Listen to this process, if the environment says so."""
    if HOME in os.environ:
        _Listener(os.environ[HOME], os.environ.get(LOG), os.environ.get(AT, ""), os.environ.get(FILL)).install()


def kind_of(path: str) -> str:
    """A path below the home without what is another one in each run."""
    first, *rest = path.split("/")
    if first in ("landing", "raw") and rest:
        rest[0] = "<source>"
        if len(rest) > 1:
            prefix = next((of for of in (".new-", ".old-") if rest[1].startswith(of)), "")
            rest[1] = f"{prefix}<{'batch' if first == 'landing' else 'segment'}>"
    path = _RUN.sub("<run>", _RELEASE.sub("<release>", "/".join([first, *rest])))
    path = re.sub(r"(<batch>|<segment>)/(?!manifest\.json|segment\.json).+", r"\1/<file>", path)
    path = re.sub(r"/(data_docs)/.*", r"/\1/…", path)
    path = re.sub(r"^docs/.*|(?<=target/)(run|compiled)/.*", "…", path)
    return re.sub(r"[0-9a-f]{8,}|tmp[a-z0-9_]{8}$", "<any>", path)


class _Listener:
    def __init__(self, home: str, log: str | None, at: str, fill: str | None) -> None:
        self._home = os.path.realpath(home) + "/"
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT) if log else None
        self._fill = fill
        self._at, _, number = at.partition("#")
        self._number = int(number or 1)
        self._seen: Counter[str] = Counter()

    def install(self) -> None:
        sys.addaudithook(self._hear)
        os.fsync = self._wrapped("os.fsync", os.fsync)
        os.sync = self._wrapped("os.sync", os.sync)
        os.copy_file_range = self._wrapped("os.copy_file_range", os.copy_file_range, 1)
        connect, listener = sqlite3.connect, self

        class Connection(sqlite3.Connection):
            """Tells of the end of a transaction."""

            def __exit__(self, kind: Any, value: Any, trace: Any) -> bool:
                if kind is None and self.in_transaction:
                    listener._effect("sqlite3.commit")
                return super().__exit__(kind, value, trace)

        def connect_and_listen(database: Any, *rest: Any, **options: Any) -> sqlite3.Connection:
            if self._inside(database) is not None:
                options["factory"] = Connection
            return connect(database, *rest, **options)

        sqlite3.connect = connect_and_listen  # type: ignore[assignment]

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "subprocess.Popen":
            if args[1][:2] == [sys.executable, "-m"]:  # what libraries ask of the machine changes nothing
                self._effect(f"{event} {args[1][2]}")
        elif event == "sqlite3.connect":
            self._effect_on(event, [self._inside(args[0])])
        elif event in _PATHS and (event != "open" or args[2] & _WRITING):
            self._effect_on(
                event, [self._inside(args[path], args[at] if at is not None else -1) for path, at in _PATHS[event]]
            )

    def _wrapped(self, name: str, function: Callable[..., Any], place: int = 0) -> Callable[..., Any]:
        def wrapped(*args: Any, **options: Any) -> Any:
            if args:
                self._effect_on(name, [self._inside(args[place])])
            elif _place():
                self._effect(name)
            return function(*args, **options)

        return wrapped

    def _inside(self, path: Any, folder: int = -1) -> str | None:
        """A path, or what a descriptor stands for, below the home; None elsewhere."""
        if isinstance(path, int):
            path = _of_descriptor(path)
        elif isinstance(path, str | bytes | os.PathLike):
            path = os.fsdecode(path)
        else:
            return None
        at_folder = isinstance(folder, int) and folder >= 0
        path = os.path.normpath(Path(_of_descriptor(folder) if at_folder else Path.cwd(), path))
        return path.removeprefix(self._home) if path.startswith(self._home) else None

    def _effect_on(self, event: str, paths: list[str | None]) -> None:
        if any(path is not None for path in paths):
            self._effect(" ".join([event, *("elsewhere" if path is None else kind_of(path) for path in paths)]))

    def _effect(self, what: str) -> None:
        name = f"{what} ({_place() or _program()})"
        self._seen[name] += 1
        if self._log is not None:
            os.write(self._log, f"{os.getpid()} {name}\n".encode())
        if name == self._at and self._seen[name] == self._number:
            if self._fill:
                fill_disk(self._fill)
            else:
                os.killpg(0, signal.SIGKILL)
                signal.pause()  # the signal is on its way: nothing more is to happen


def fill_disk(ballast: str) -> None:
    """Write a file until nothing more can be written."""
    descriptor = os.open(ballast, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with suppress(OSError):
        while os.write(descriptor, bytes(4096)):
            pass
    os.close(descriptor)


def _of_descriptor(descriptor: int) -> str:
    try:
        return str(Path(f"/proc/self/fd/{descriptor}").readlink())
    except OSError:
        return ""


def _place() -> str:
    """The innermost function of our packages that is at work in this thread; empty when none is."""
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(_PACKAGES):
            module = file.removeprefix(f"{_ROOT}/").removesuffix(".py").replace("/", ".")
            return f"{module}.{frame.f_code.co_name}"
        frame = frame.f_back  # type: ignore[assignment]
    return ""


def _program() -> str:
    """What a process is, where none of our functions is at work."""
    return "a thread of dbt" if "dbt" in sys.modules else "a thread"
