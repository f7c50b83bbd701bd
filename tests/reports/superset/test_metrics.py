"""Each metric gives the marts' own figures, at any grouping; what no table of sums can answer is no metric of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import duckdb
import pytest

from expectations.grains import GRAINS
from expectations.marts import COLUMNS, MARTS
from reports.superset import datasets as module
from reports.superset.datasets import Dataset, datasets

Rows = dict[tuple[Any, ...], dict[str, Any]]
DATASETS = {dataset.name: dataset for dataset in datasets()}
OF_GRAINS = sorted(mart for mart in MARTS if "grain" in COLUMNS[mart])
OF_GROUPS = [mart for mart in OF_GRAINS if "csat_percent" in COLUMNS[mart] and mart not in ("overview", "by_tag")]
COARSER = [("day", "month"), ("day", "quarter"), ("month", "quarter"), *((grain, grain) for grain in GRAINS)]


def asked(release: duckdb.DuckDBPyConnection, sql: str, keys: int) -> Rows:
    answer = release.execute(sql)
    names = [name for name, *_ in answer.description]
    return {row[:keys]: dict(zip(names[keys:], row[keys:], strict=True)) for row in answer.fetchall()}


def given(release: duckdb.DuckDBPyConnection, dataset: Dataset, keys: Sequence[str], source: str = "") -> Rows:
    """What the metrics of a dataset give, as a tool asks for them: grouped by some keys, any SQL."""
    metrics = ", ".join(f'{metric.sql} as "{metric.name}"' for metric in dataset.metrics)
    groups = ", ".join(str(number + 1) for number in range(len(keys)))
    source = source or dataset.name
    return asked(release, f"select {', '.join(keys)}, {metrics} from {source} group by {groups}", len(keys))


def differences(given_rows: Rows, true_rows: Rows) -> set[str]:
    """The columns of which some row has another value; every group must be there, unless nothing happened in it."""
    assert given_rows.keys() <= true_rows.keys()
    assert all(row["conversations"] == 0 for key, row in true_rows.items() if key not in given_rows)
    return {
        name
        for key, row in given_rows.items()
        for name, value in row.items()
        if name in true_rows[key] and not same(value, true_rows[key][name])
    }


def same(value: Any, true: Any) -> bool:
    return value is true if None in (value, true) else math.isclose(value, true, rel_tol=1e-9)


def marts_own(release: duckdb.DuckDBPyConnection, mart: str, grain: str) -> tuple[list[str], Rows]:
    keys = [key for key in MARTS[mart] if key not in ("grain", "period_start")]
    own = asked(
        release, f"select {', '.join(keys)}, period_start, * from {mart} where grain = '{grain}'", len(keys) + 1
    )
    return keys, own


@pytest.mark.parametrize("mart", OF_GRAINS)
@pytest.mark.parametrize(("grain", "coarser"), COARSER)
def test_over_any_periods_they_are_the_figures_of_the_mart(
    release: duckdb.DuckDBPyConnection, mart: str, grain: str, coarser: str
) -> None:
    keys, own = marts_own(release, mart, coarser)
    period = "period_start" if grain == coarser else f"cast(date_trunc('{coarser}', period_start) as date)"
    assert len(own) > 1
    assert differences(given(release, DATASETS[f"{mart}_{grain}"], [*keys, period]), own) == set()


@pytest.mark.parametrize("mart", OF_GROUPS)
def test_over_all_groups_they_are_those_of_the_account(release: duckdb.DuckDBPyConnection, mart: str) -> None:
    keys, own = marts_own(release, "overview", "month")
    assert differences(given(release, DATASETS[f"{mart}_month"], [*keys, "period_start"]), own) == set()


def test_of_tags_together_nothing_is_said(release: duckdb.DuckDBPyConnection) -> None:
    (together,) = given(release, DATASETS["by_tag_month"], ["'all tags'"]).values()
    assert set(together.values()) == {None}
    one = given(release, DATASETS["by_tag_month"], ["tag"])
    assert len(one) > 2 and all(row["conversations"] for row in one.values())


def test_of_the_backlog_stocks_are_of_one_day(release: duckdb.DuckDBPyConnection) -> None:
    """Over teams they are summed, over days only what happened is."""
    dataset = DATASETS["backlog"]
    keys = ["account_id", "local_date"]
    counts = [metric.name for metric in dataset.metrics]
    sums = ", ".join(f"sum({name}) as {name}" for name in counts)
    own = asked(release, f"select account_id, local_date, {sums} from backlog group by all", 2)
    assert given(release, dataset, keys) == own
    (over_all,) = given(release, dataset, ["'all days'"]).values()
    assert {name for name, value in over_all.items() if value is not None} == set(module.FLOWS)
    assert set(COLUMNS["backlog"]) - set(counts) == {
        *("account_id", "source_system", "team", "local_date", "has_observed"),
        *("median_waiting_seconds", "median_open_seconds"),
    }


@pytest.mark.parametrize("grain", GRAINS)
def test_of_conversations_they_are_those_of_the_overview(release: duckdb.DuckDBPyConnection, grain: str) -> None:
    source = (
        f"(select details.*, periods.period_start from details inner join overview_{grain} as periods"
        " on details.account_id = periods.account_id"
        " and started_date >= periods.period_start and started_date < periods.period_end)"
    )
    keys, own = marts_own(release, "overview", grain)
    rows = given(release, DATASETS["details"], [*keys, "period_start"], source)
    assert differences(rows, own) == set()
    shared = {metric.name for metric in DATASETS["details"].metrics} & set(COLUMNS["overview"])
    assert len(shared) == len(DATASETS["details"].metrics) - 1  # all but messages_per_conversation


def test_of_some_conversations_they_are_those_of_the_macro(release: duckdb.DuckDBPyConnection) -> None:
    tag, agent = release.execute(
        "select tag, agent_id from details, unnest(conversation_tags) as tags (tag) where account_id = 'boulangerie'"
        " and agent_id is not null and started_in_working_hours group by all order by count(*) desc limit 1"
    ).fetchone()
    chosen = f"list_contains(conversation_tags, '{tag}') and agent_id = '{agent}' and started_in_working_hours"
    true = asked(
        release,
        "select account_id, * from report_overview('boulangerie', '2020-01-01', '2030-01-01', grain := 'period',"
        f" conversation_tags := ['{tag}'], agents := ['{agent}'], working_hours := true)",
        1,
    )
    source = f"details where account_id = 'boulangerie' and {chosen}"
    rows = given(release, DATASETS["details"], ["account_id"], source)
    assert rows["boulangerie",]["conversations"] > 5
    assert differences(rows, true) == set()


def test_a_count_that_does_not_add_up_would_be_seen(
    release: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DISTINCT", ())
    summed = next(dataset for dataset in datasets() if dataset.name == "overview_day")
    keys, own = marts_own(release, "overview", "month")
    month = "cast(date_trunc('month', period_start) as date)"
    assert differences(given(release, summed, [*keys, month]), own) == {"distinct_contacts"}


@pytest.mark.parametrize("mart", OF_GRAINS)
def test_every_average_and_share_is_a_metric(mart: str) -> None:
    metrics = {metric.name for metric in DATASETS[f"{mart}_day"].metrics}
    others = {column.name for column in DATASETS[f"{mart}_day"].columns if column.is_measure} - metrics
    expected = {name for name in COLUMNS[mart] if name.startswith(("median_", "p90_", "distinct_", "share_"))}
    assert others == expected | ({"contacts", "conversations"} if mart == "by_flow" else set())
    said = {column.name: column.description for column in DATASETS[f"{mart}_day"].columns}
    assert all("Do not sum or average it" in said[name] for name in others)
