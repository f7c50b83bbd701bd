"""The page about a build: what it shows of values."""

from __future__ import annotations

from pathlib import Path

import pandas
import pytest

from expectations.data_docs import PAGE, Expected, Suite, shown, write


@pytest.mark.parametrize(
    ("value", "digits", "words"),
    [
        (1234567.0, 6, "1234567"),
        (12345.6, 4, "12346"),
        (0.123456, 4, "0.1235"),
        (-1234567.8, 6, "-1234568"),
        (float("nan"), 6, "nan"),
        (float("inf"), 6, "inf"),
        (1234567, 4, "1234567"),
        ("1e9", 4, "1e9"),
    ],
)
def test_large_numbers_are_shown_in_full(value: object, digits: int, words: str) -> None:
    assert shown(value, digits) == words


def test_counts_beside_shares_are_shown_in_full(tmp_path: Path) -> None:
    """A row of numbers alone comes out of pandas as floats."""
    frame = pandas.DataFrame({"rows": [1234567], "share": [0.25]})
    write(tmp_path, "b1", [Suite("teams", "", [Expected("It holds.", "met")], frame)], holds=True)
    assert "<td>1234567</td><td>0.25</td>" in (tmp_path / PAGE).read_text()
