"""How a command ends: by itself, by a signal, or because standard output fails; the last two print a line.

Here: what SIGINT and SIGTERM do, what replaces standard output, and the last act of the process. Not here: any command.
Every command begins with this module, so it imports nothing that takes time.

A command that works in a home may end at any instant, because the next run continues from there: a signal ends it at
once. Other commands get a moment to remove what they have begun to write.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import IO, NoReturn

from orchestration import processes

PUBLISHED, REFUSED, WRONG = 0, 1, 2
"""Exit statuses: published or nothing new; a batch or the build was refused; wrong configuration or usage."""
_MOMENT = 1.5
"""Seconds that a stopped command has to clean up."""
_SHOW_CURSOR = b"\x1b[?25h"


class StoppedError(BaseException):
    """A signal ends this command. Not an ``Exception``, so that no code on the way catches it and continues."""


class OutputLostError(BaseException):
    """Standard output has failed, and this command does nothing but fill it."""


class _Output(io.RawIOBase):
    """A stream of the process that may be closed or full. After its first error it drops everything.

    ``is_needed``: the first error ends the command.
    """

    def __init__(self, number: int, *, is_needed: bool, error: OSError | None = None) -> None:
        self.is_needed, self.has_lost = is_needed, False
        self.error = error
        self._number = number

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return os.isatty(self._number)

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if self.error is None:
            try:
                return os.write(self._number, data)
            except OSError as error:
                self.error = error
        self.has_lost = True
        if self.is_needed:
            self.is_needed = False
            raise OutputLostError
        return len(data)


_output: _Output | None = None
_streams: tuple[IO[str], IO[str]] | None = None
"""Standard output and error of the process, also while a run redirects them to its log."""
_heard: signal.Signals | None = None
_leaving = threading.Lock()
_moment = _MOMENT
_last_words: Callable[[], str] | None = None


def prepare() -> None:
    """Make this process end in good order after a signal or an error of standard output; it ends by :func:`leave`."""
    _guard_output()
    _heed_signals()


def end_at_once(last_words: Callable[[], str] | None = None) -> None:
    """From now on a signal ends this process without delay. ``last_words``: what to say about the state it leaves."""
    global _moment, _last_words
    _moment, _last_words = 0, last_words


def go_on_without_output() -> None:
    """Let a command that does more than print finish its work even if standard output fails."""
    if _output is not None:
        _output.is_needed = False


def is_prepared() -> bool:
    """Whether this process is the command, and ends as this module says."""
    return _output is not None


def is_stopped() -> bool:
    """Whether a signal ends this command."""
    return _heard is not None


def leave(status: int) -> NoReturn:
    """End the process at once: everything is written, and Python would take two seconds to unload the libraries."""
    out, err = _streams or (sys.stdout, sys.stderr)
    if _heard is None:
        try:
            out.flush()
        except OutputLostError:
            status = status or REFUSED
        except StoppedError:
            pass
    _leaving.acquire()  # a second caller waits for the end
    processes.end_all()
    line = ""
    if _heard is not None:
        status = 128 + _heard
        line = f"stopped by {_heard.name}" + (f"; {_last_words()}" if _last_words else "")
        if os.isatty(1):  # a spinner may have hidden it
            os.write(1, _SHOW_CURSOR)
    elif _output is not None and _output.has_lost and _output.error is not None:
        line = f"standard output: {_output.error.strerror}: not everything could be shown"
    if line:
        print(line, file=err)
    err.flush()
    os._exit(status)


def _guard_output() -> None:
    global _output, _streams
    closed = [number for number in (0, 1, 2) if not _is_open(number)]
    for _ in closed:  # otherwise the next opened file would become standard output
        os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    error = OSError(0, "it is closed") if 1 in closed else None
    _output = _Output(1, is_needed=True, error=error)
    _streams = _text(_output, "strict"), _text(_Output(2, is_needed=False), "backslashreplace")
    sys.stdout, sys.stderr = _streams


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _text(output: _Output, errors: str) -> io.TextIOWrapper:
    is_by_line = output.isatty() or output.fileno() == 2
    return io.TextIOWrapper(io.BufferedWriter(output), "utf-8", errors, line_buffering=is_by_line)


def _heed_signals() -> None:
    """Python runs handlers in the main thread only, which may be inside a statement of DuckDB, and Dagster installs its
    own: so a signal wakes a thread, too.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _hear)
    threading.Thread(target=_wait_for_signals, args=(listen(),), daemon=True).start()


def listen() -> int:
    """Where the numbers of signals can be read from now on, whatever their handlers do and the main thread is in."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    return reader


def _hear(number: int, _: FrameType | None) -> None:
    """What a signal does in the main thread."""
    global _heard
    if not _leaving.locked():
        _heard = signal.Signals(number)
        if not _moment:
            leave(REFUSED)
        raise StoppedError


def _wait_for_signals(reader: int) -> None:
    global _heard
    while True:
        number = os.read(reader, 1)[0]
        if number in (signal.SIGINT, signal.SIGTERM):
            _heard = signal.Signals(number)
            time.sleep(_moment)
            leave(REFUSED)
