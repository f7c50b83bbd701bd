"""Usual spellings of an instant: recognized by a pattern of some characters; the cast decides the rest."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from ingestion.export_format import Column, ColumnType
from ingestion.parsing.parser import connect
from ingestion.parsing.rules import Value, typed
from ingestion.sql import sql_rows

ASCII = [chr(code) for code in range(1, 128)]
PATTERN = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)", re.ASCII
)
SPACE = " \t\n\v\f\r\x1c\x1d\x1e\x1f"


def expected(text: str) -> datetime | None:
    """What docs/export-format.md makes of a text."""
    clean = text.strip(SPACE).upper()
    if not PATTERN.fullmatch(clean):
        return None
    try:
        return datetime.fromisoformat(clean).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def variants(usual: str) -> Iterator[str]:
    """A spelling with any one character in any place, with any two next to each other, and with any suspect two."""
    yield usual
    for place, character in itertools.product(range(len(usual)), ASCII):
        yield usual[:place] + character + usual[place + 1 :]
    for place, first, second in itertools.product(range(len(usual) - 1), "\t 0159-+.:TZz\x1c", "\t 0159-+.:TZz\x1c"):
        yield usual[:place] + first + second + usual[place + 2 :]
    for (one, first), (other, second) in itertools.combinations(itertools.product(range(len(usual)), " -.29"), 2):
        text = list(usual)
        text[one], text[other] = first, second
        yield "".join(text)


@pytest.mark.parametrize(
    "usual",
    [
        "2024-10-11T12:13:14Z",
        "2024-02-29 23:59:59Z",
        "2024-10-11T12:13:14+00:00",
        "2024-12-31 20:00:00-19:59",
        "2024-10-11T12:13:14.358Z",
        "1999-12-31 23:59:59.999Z",
        "2024-10-11T12:13:14.358-03:00",
        "2024-10-11 21:13:14.358+05:45",
        "2024-10-11T12:13:14.358123+0100",
    ],
)
def test_a_text_is_an_instant_by_its_usual_spelling_exactly_when_it_is_one(usual: str) -> None:
    texts = sorted(set(variants(usual)))
    value = typed(Column("at", ColumnType.INSTANT), Value("raw_at"))
    with connect() as connection:
        found = connection.execute(
            f"select raw_at, {value} from ({sql_rows({'raw_at': 'varchar'}, [(text,) for text in texts])})"
        ).fetchall()
    assert len(found) == len(texts) > 4000
    wrong = [(text, at, expected(text)) for text, at in found if at != expected(text)]
    assert wrong == []
