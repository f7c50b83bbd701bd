"""The import of Great Expectations, without what it only needs to draw charts and to fit distributions.

Here: that import, which is a large part of a small run. Not here: anything that uses it. What is left out and saved is
listed in docs/upgrading.md; ``CAUSERIE_PLAIN=1`` imports the library as it is.
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

from ingestion.settings import is_plain

_SELDOM_USED = ("scipy.stats",)


class _Lazily(MetaPathFinder):
    """Has modules loaded when they are first used: of 2 s, ``scipy.stats`` takes 0.6."""

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
    """Import it in a thread, while this one goes on. It saves about two seconds of a run that waits for dbt.

    Dagster stores events with SQLAlchemy meanwhile, which looks for its mapper with every value, and fails while that
    is half imported. Great Expectations imports the mapper: so it is imported here first, as a whole.
    """
    import sqlalchemy.orm  # noqa: F401

    thread = threading.Thread(target=(lambda: None) if is_plain() else load, daemon=True)
    thread.start()
    return thread


def load() -> None:
    """Import Great Expectations; whoever imports it afterwards finds it loaded."""
    if "great_expectations" in sys.modules or is_plain():
        import great_expectations.expectations

        return
    finder = _Lazily()
    sys.meta_path.insert(0, finder)
    gc.disable()  # nothing of what is imported is garbage, and it need not be looked through later
    try:
        import great_expectations.expectations  # noqa: F401
    finally:
        gc.freeze()
        gc.enable()
        sys.meta_path.remove(finder)
