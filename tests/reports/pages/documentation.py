"""The documentation of the marts, as dbt reads it."""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml

from orchestration.dbt.process import PROJECT


@cache
def _models() -> dict[str, dict[str, Any]]:
    text = (PROJECT / "models" / "marts" / "_marts__models.yml").read_text(encoding="utf-8")
    return {model["name"]: model for model in yaml.safe_load(text)["models"]}


def comments(mart: str) -> dict[str, str]:
    """What each column of a mart means."""
    return {column["name"]: column["description"] for column in _models()[mart]["columns"]}
