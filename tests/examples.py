"""How many examples hypothesis tries: a share in `make test`, all of them in the profile of `make test-slow`."""

from __future__ import annotations

import os

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "quick")


def examples(thorough: int) -> int:
    """All of them in the profile `thorough`, else a quarter of them, three at the least."""
    return thorough if PROFILE == "thorough" else max(3, thorough // 4)
