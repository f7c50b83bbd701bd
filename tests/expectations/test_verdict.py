"""Every expectation is seen failing, and a verdict holds only when it was really reached."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from expectations.marts import MARTS
from expectations.suites.release import suites
from expectations.verdict import Finding, Verdict, judge, read_verdict
from ingestion.limits import Quality

LIMITS = Quality(shrink_share=0.2, shrink_rows=100, quarantine_share=0.01, restated_share=0.01, stale_after_hours=48)


def good_frames() -> dict[str, pd.DataFrame]:
    """What a sound build shows."""
    others = len(MARTS) - 3
    return {
        "volumes": pd.DataFrame(
            {
                "mart": list(MARTS),
                "rows": [10, 20, *[30] * others, 1000],
                "rows_before": [10.0, None, *[30.0] * others, 1100.0],
                "lost_rows": [0.0, None, *[0.0] * others, 100.0],
                "lost_share": [0.0, None, *[0.0] * others, 0.09],
                "nothing_understood": [0] * len(MARTS),
            }
        ),
        "freshness": pd.DataFrame(
            {
                "account_id": ["acme"],
                "source_system": ["s"],
                "data_through": ["2026-01-01 00:00:00+00"],
                "hours_old": [5.0],
                "hours_late": [-43.0],
            }
        ),
        "words": pd.DataFrame(
            {
                "column_name": ["status", "source", "times_basis", "grain"],
                "value": ["closed", "inbox", "exact", "day"],
                "rows": [1, 1, 1, 1],
            }
        ),
        "dates": pd.DataFrame(
            {
                "table_name": ["details"],
                "column_name": ["closed_at"],
                "least": ["2026-01-02"],
                "greatest": ["2026-01-03"],
                "unreadable": [0],
            }
        ),
        "ranges": pd.DataFrame(
            {
                "table_name": ["overview"],
                "column_name": ["avg_rating"],
                "least": ["1"],
                "greatest": ["5"],
                "impossible": [0],
            }
        ),
        "ingested": pd.DataFrame(
            {
                "source_system": ["s"],
                "entity": ["messages"],
                "quarantined": [1.0],
                "quarantined_share": [0.001],
                "restated_share": [None],
            }
        ).astype({"restated_share": "float"}),
        "accounting": pd.DataFrame(
            {"source_system": ["s"], "entity": ["messages"], "read_off": [0], "orphans": [0], "lost": [0]}
        ),
    }


def test_a_sound_build_holds(tmp_path: Path) -> None:
    verdict = judge("b1", good_frames(), LIMITS, tmp_path / "docs")
    assert verdict.findings == ()
    assert verdict.holds
    assert verdict.evaluated == sum(len(expected) for expected in suites(LIMITS).values())
    assert (tmp_path / "docs" / "index.html").is_file()


CORRUPTIONS: list[tuple[str, str, Any, str]] = [
    ("volumes", "rows", 0, "warning"),
    ("volumes", "nothing_understood", 1, "critical"),
    ("freshness", "data_through", None, "warning"),
    ("freshness", "hours_late", 0.1, "warning"),
    ("freshness", "hours_old", -1.1, "warning"),
    ("dates", "unreadable", 1, "critical"),
    ("ranges", "impossible", 1, "critical"),
    ("ingested", "quarantined_share", 0.011, "warning"),
    ("ingested", "restated_share", 0.011, "warning"),
    ("accounting", "read_off", 1, "critical"),
    ("accounting", "lost", 1, "critical"),
    ("accounting", "lost", -1, "critical"),
    ("accounting", "orphans", 1, "warning"),
]


@pytest.mark.parametrize(("frame", "column", "value", "severity"), CORRUPTIONS, ids=lambda value: str(value))
def test_each_expectation_fails_on_what_it_is_for(frame: str, column: str, value: Any, severity: str) -> None:
    frames = good_frames()
    frames[frame] = frames[frame].astype({column: "object"})
    frames[frame].loc[0, column] = value
    frames[frame] = frames[frame].infer_objects()
    verdict = judge("b1", frames, LIMITS, None)
    assert [(finding.suite, finding.severity) for finding in verdict.findings] == [(frame, severity)]
    assert verdict.holds == (severity == "warning")
    shown = f"{value:.4g}" if isinstance(value, float) else str(value)
    assert value is None or shown in verdict.findings[0].observed


@pytest.mark.parametrize("mart", MARTS)
def test_only_what_not_everybody_has_may_be_empty(mart: str) -> None:
    frames = good_frames()
    frames["volumes"].loc[frames["volumes"]["mart"] == mart, "rows"] = 0
    found = [finding.severity for finding in judge("b1", frames, LIMITS, None).findings]
    assert found == ([] if mart in ("by_target", "by_flow", "backlog") else ["warning"])


@pytest.mark.parametrize("mart", MARTS)
def test_only_what_the_configuration_decides_may_shrink_at_once(mart: str) -> None:
    frames = good_frames()
    frames["volumes"].loc[frames["volumes"]["mart"] == mart, ["lost_rows", "lost_share"]] = [1000.0, 1.0]
    assert judge("b1", frames, LIMITS, None).holds == (mart == "by_target")


def test_a_missing_mart_refuses_the_build() -> None:
    frames = good_frames()
    frames["volumes"] = frames["volumes"].iloc[:-1]
    verdict = judge("b1", frames, LIMITS, None)
    assert not verdict.holds
    assert verdict.findings[0].observed == f"no {list(MARTS)[-1]}"


@pytest.mark.parametrize("row", range(4), ids=["status", "source", "times_basis", "grain"])
def test_each_word_column_has_its_own_words(row: int) -> None:
    frames = good_frames()
    frames["words"].loc[row, "value"] = "nonsense"
    verdict = judge("b1", frames, LIMITS, None)
    assert [finding.severity for finding in verdict.findings] == ["critical"]
    assert "nonsense" in verdict.findings[0].observed


@pytest.mark.parametrize(
    ("lost_rows", "lost_share", "holds"),
    [(101.0, 0.21, False), (100.0, 0.9, True), (5000.0, 0.2, True)],
    ids=["both limits passed", "few rows", "small share"],
)
def test_a_mart_that_shrinks_refuses_the_build_past_both_limits(
    lost_rows: float, lost_share: float, holds: bool
) -> None:
    frames = good_frames()
    frames["volumes"].loc[3, ["lost_rows", "lost_share"]] = [lost_rows, lost_share]
    assert judge("b1", frames, LIMITS, None).holds == holds


def test_an_expectation_that_raises_refuses_the_build() -> None:
    frames = good_frames()
    frames["ranges"] = frames["ranges"].drop(columns="impossible")
    verdict = judge("b1", frames, LIMITS, None)
    assert verdict.raised == 1
    assert not verdict.holds
    assert "could not be evaluated" in verdict.findings[0].observed


def test_no_expectation_is_no_verdict() -> None:
    verdict = judge("b1", good_frames(), LIMITS, None, suites=lambda limits: {})
    assert (verdict.evaluated, verdict.holds) == (0, False)


def test_a_verdict_is_read_as_it_was_written(tmp_path: Path) -> None:
    verdict = Verdict(
        "b1", 3, 0, (Finding("words", "e", "critical", "expected", "observed"),), {"details": ["1", "2", "3"]}
    )
    verdict.write(tmp_path / "verdict.json")
    assert read_verdict(tmp_path / "verdict.json") == verdict


def test_what_was_seen_is_text_in_data_docs_and_in_the_verdict(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script> & <img src=//evil.example/x>"
    frames = good_frames()
    frames["words"].loc[0, "value"] = hostile
    verdict = judge("b", frames, LIMITS, tmp_path)
    assert [finding.suite for finding in verdict.findings] == ["words"]
    assert hostile in verdict.findings[0].observed
    assert hostile in str(verdict.findings[0].samples)
    pages = "".join(page.read_text() for page in tmp_path.rglob("*.html"))
    assert "<script>alert" not in pages and "<img src=//evil" not in pages
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;img" in pages


def test_data_docs_need_no_network_and_show_our_sentences_and_the_sources(tmp_path: Path) -> None:
    frames = good_frames()
    frames["freshness"].loc[0, "hours_late"] = 1.5
    judge("b", frames, LIMITS, tmp_path)
    (page,) = tmp_path.iterdir()
    text = page.read_text()
    assert not re.search(r"(https?:)?//", text.replace("<!doctype html>", ""))
    assert not re.search(r"<(script|link|img)", text)
    assert "it passed" in text
    for words in ("Each source delivered recently. (hours_late must be at most 0)", "acme s 2026-01-01 00:00:00+00"):
        assert words in text
    assert f"{sum(map(len, suites(LIMITS).values())) - 1} of {sum(map(len, suites(LIMITS).values()))}" in text


def test_data_docs_show_the_rows_that_failed_first_and_not_all_of_many(tmp_path: Path) -> None:
    frames = good_frames()
    many = pd.DataFrame({"column_name": "status", "value": ["closed"] * 300 + ["unheard of"], "rows": 1})
    frames["words"] = pd.concat([frames["words"], many], ignore_index=True)
    assert not judge("b", frames, LIMITS, tmp_path).holds
    text = (tmp_path / "index.html").read_text()
    assert "it was refused" in text
    assert "305 rows, of which 200 are shown" in text
    assert '<tr class="failed"><td>status</td><td>unheard of</td>' in text
