"""What Spark makes of a home is what DuckDB makes of it: every row, every value."""

from __future__ import annotations

from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from benchmarks.event_log import plans
from tests.drops import Row
from tests.marts.test_invariants import histories
from tests.real_data import REAL_DATA, config_for_real_data
from tests.spark.homes import engine, spark_build, unlike_duckdb, with_everything
from tests.warehouse import accept

pytestmark = pytest.mark.spark

PRODUCTS = ("CartesianProduct", "BroadcastNestedLoopJoin")
"""Nodes of plans that join without an equality."""

unhurried = {"deadline": None, "suppress_health_check": list(HealthCheck), "phases": [Phase.generate]}


@given(st.lists(histories(), min_size=8, max_size=8))
@settings(max_examples=1, derandomize=True, **unhurried)  # type: ignore[arg-type]
def test_a_home_with_everything(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, found: list[dict[str, list[Row]]]
) -> None:
    """A demo, histories full of ties and strangers in four zones, Chatwoot, ActiveCampaign and its archive.

    No table is made by a plan that has a Cartesian product.
    """
    config = with_everything(tmp_path_factory.mktemp("everything"), monkeypatch, found)
    assert unlike_duckdb(config, spark_build(config)) == {}
    made = plans(config.parent / "events")
    assert {"int_conversation_facts", "overview", "by_agent", "details"} <= made.keys()
    products = {name: node for name, nodes in made.items() for node in nodes if node in PRODUCTS}
    assert products == {}, "each row of one side meets each of the other"


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="the real conversations do not lie beside the checkout")
def test_real_conversations(tmp_path: Path) -> None:
    config = config_for_real_data(tmp_path)
    config.write_text(config.read_text() + engine())
    accept(config)
    assert unlike_duckdb(config, spark_build(config)) == {}
