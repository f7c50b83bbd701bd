"""Great Expectations, imported without what it only needs to draw charts and to fit distributions.

Here: the import, which is a large part of a small run. Not here: anything that uses it.
"""

from __future__ import annotations

import gc
import importlib.util
import sys
import threading
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_SELDOM_USED = ("altair", "scipy.stats")


class _Lazily(MetaPathFinder):
    """Has modules loaded when something of them is used for the first time."""

    def __init__(self) -> None:
        self._looking = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if self._looking or fullname not in _SELDOM_USED:
            return None
        self._looking = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._looking = False
        if spec is not None and spec.loader is not None:
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec


def load_beside() -> threading.Thread:
    """Have it imported in a thread, while this one works with SQLAlchemy, as Dagster does to store events.

    SQLAlchemy asks its mapper about every value from the moment on that a part of the mapper is there, and fails when
    the rest is not: so the mapper, which Great Expectations imports, is imported here first.
    """
    import sqlalchemy.orm  # noqa: F401

    thread = threading.Thread(target=load, daemon=True)
    thread.start()
    return thread


def load() -> None:
    """Import Great Expectations; what imports it afterwards finds it there."""
    is_new = "great_expectations" not in sys.modules
    finder = _Lazily()
    sys.meta_path.insert(0, finder)
    gc.disable()  # what is imported stays: to look through it for garbage, again and again, finds none
    try:
        import great_expectations.expectations  # noqa: F401
    finally:
        if is_new:  # a process that runs more than once shall not keep what was garbage each time
            gc.freeze()
        gc.enable()
        sys.meta_path.remove(finder)
