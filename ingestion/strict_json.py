"""Strict JSON, for what is read in Python.

Here: refusing what Python's reader would accept: ``NaN``, ``Infinity``, numbers beyond a double, one name twice,
encodings other than UTF-8. Not here: the records that DuckDB reads (``readers``).
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ingestion.shown import shortened


def decoded(content: bytes) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: it is not JSON, or nested too deeply.
    """
    try:
        return _decoder.decode(content.decode("utf-8-sig"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _refused(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{shortened(text)} is beyond what a number can be")
    return number


def _whole(text: str) -> int | float:
    return int(text) if len(text) <= 300 else _finite(text)


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"it has {shortened(twice)!r} twice")
    return found


_decoder = json.JSONDecoder(parse_constant=_refused, parse_float=_finite, parse_int=_whole, object_pairs_hook=_unique)
