"""Suites of the user's own: they judge like any other, and a module that is of no use refuses the build."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pytest

from expectations.own import MOST_ROWS, OwnSuite, described, own_suites
from expectations.verdict import Finding, Verdict, evaluate
from ingestion.limits import Quality
from ingestion.settings import SettingsError

GOOD = '''"""Desks are known."""
import great_expectations.expectations as gxe

QUERY = """select desk, conversations from by_desk order by desk -- of all
"""


def expectations(limits):
    return [{expected}]
'''
NOT_NULL = 'gxe.ExpectColumnValuesToNotBeNull(column="desk", notes="Each desk has a name.")'


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A build with a mart of three desks."""
    folder = tmp_path_factory.mktemp("build")
    files = folder / "warehouse.duckdb", folder / "candidate.duckdb"
    with duckdb.connect(str(files[0])) as connection:
        connection.execute("create schema intermediate; create table intermediate.int_desks as select 'a' as desk")
    with duckdb.connect(str(files[1])) as connection:
        connection.execute(
            "create table by_desk as select * from (values ('a', 4, date '2026-01-01'), ('b', 9, date '2026-02-01'),"
            " ('c', 900, null)) as desks (desk, conversations, month)"
        )
    return files


def suites_of(folder: Path, build: tuple[Path, Path], **modules: str) -> list[OwnSuite]:
    (folder / "expectations").mkdir(exist_ok=True)
    for name, content in modules.items():
        (folder / "expectations" / f"{name}.py").write_text(content)
    return own_suites(folder, *build, Quality(shrink_share=0.25))


def judged(folder: Path, build: tuple[Path, Path], expected: str = NOT_NULL, module: str = GOOD) -> Verdict:
    own = suites_of(folder, build, desks=module.replace("{expected}", expected))
    return evaluate("b", {}, Quality(), lambda limits: {}, own)[0]


def test_an_expectation_that_is_met_is_evaluated(tmp_path: Path, build: tuple[Path, Path]) -> None:
    verdict = judged(tmp_path, build)
    assert (verdict.evaluated, verdict.findings, verdict.holds) == (1, (), True)
    assert [path.name for path in (tmp_path / "expectations").iterdir()] == ["desks.py"], "nothing is left beside it"


@pytest.mark.parametrize(
    ("expected", "finding"),
    [
        (
            'gxe.ExpectColumnValuesToBeBetween(column="conversations", min_value=5, notes="Many.")',
            ("critical", "Many. (conversations must be at least 5)", "a: conversations 4"),
        ),
        (
            'gxe.ExpectColumnMaxToBeBetween(column="conversations", max_value=5, severity="warning", notes=["A", "b"])',
            ("warning", "A b (conversations must be at most 5)", "900"),
        ),
        (
            "gxe.ExpectTableRowCountToBeBetween(max_value=2)",
            ("critical", "expect_table_row_count_to_be_between (the value must be at most 2)", "3"),
        ),
        (
            'gxe.ExpectColumnDistinctValuesToContainSet(column="desk", value_set=["a", "d"], notes="All.")',
            ("critical", "All. (column desk)", "no d"),
        ),
        (
            'gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="conversations", column_B="least", notes="Pairs.")',
            ("critical", "Pairs.", "desk a, conversations 4, least 5"),
        ),
        (
            'gxe.ExpectColumnValuesToBeBetween(column="month", max_value=datetime.datetime(2026, 1, 15), notes="Old.")',
            ("critical", "Old. (month must be at most 2026-01-15 00:00:00)", "b: month 2026-02-01 00:00:00"),
        ),
        (
            'gxe.ExpectColumnMeanToBeBetween(column="conversations", max_value=limits.shrink_share, notes="Few.")',
            ("critical", "Few. (conversations must be at most 0.25)", "304.3333333333333"),
        ),
    ],
    ids=["critical", "warning", "of the table", "of a set", "of two columns", "of dates", "by a limit"],
)
def test_a_failed_expectation_is_a_finding_whatever_its_form(
    tmp_path: Path, build: tuple[Path, Path], expected: str, finding: tuple[str, str, str]
) -> None:
    columns = "desk, conversations, " + ("5 as least" if "least" in expected else "month")
    module = GOOD.replace("desk, conversations", columns).replace("import great", "import datetime\nimport great")
    verdict = judged(tmp_path, build, expected, module)
    (found,) = verdict.findings
    assert (found.suite, found.severity, found.expected, found.observed) == ("desks", *finding)
    assert verdict.holds == (finding[0] == "warning")


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("import no_such_thing", "line 1: ModuleNotFoundError: No module named 'no_such_thing'"),
        ("raise SystemExit(0)", "line 1: SystemExit: 0"),
        (GOOD.replace("{expected}", "1 / 0"), "line 9: ZeroDivisionError: division by zero"),
        (GOOD.replace("def expectations", "def expected"), "ValueError: it has no expectations"),
        ("x = 1", "ValueError: it has no QUERY and no expectations"),
        (GOOD.replace("{expected}", ""), "gives no list of Great Expectations' expectations"),
        (GOOD.replace("{expected}", "True"), "gives no list of Great Expectations' expectations"),
        (
            GOOD.replace("by_desk", "by_dseks"),
            'Table with name by_dseks does not exist! Did you mean "by_desk"',
        ),
        (GOOD.replace("by_desk", "limits"), "Table with name limits does not exist"),
        (GOOD.replace("select desk", "selekt desk"), "Parser Error: syntax error"),
        (GOOD.replace("select desk, conversations from by_desk order by desk", "set threads = 1"), "write a select"),
        (GOOD.replace("by_desk", f"range({MOST_ROWS + 1}), by_desk"), "gives more than 100,000 rows"),
        (
            GOOD.replace("{expected}", NOT_NULL.replace("desk", "tame")),
            'could not be evaluated: Error: The column "tame"',
        ),
    ],
)
def test_a_module_that_is_of_no_use_refuses_the_build_and_says_why(
    tmp_path: Path, build: tuple[Path, Path], module: str, words: str
) -> None:
    own = suites_of(tmp_path, build, bad=module, desks=GOOD.replace("{expected}", NOT_NULL))
    verdict = evaluate("b", {}, Quality(), lambda limits: {}, own)[0]
    assert (verdict.evaluated, verdict.raised, verdict.holds) == (2, 1, False)
    (finding,) = verdict.refusals
    assert finding.suite == "bad"
    assert words in finding.observed


def test_a_query_reads_models_of_the_build_by_name(tmp_path: Path, build: tuple[Path, Path]) -> None:
    query = (
        "int_desks join warehouse.intermediate.int_desks as again using (desk) join candidate.main.by_desk using (desk)"
    )
    (own,) = suites_of(tmp_path, build, desks=GOOD.replace("by_desk", query).replace("{expected}", NOT_NULL))
    assert own.mistake == ""
    assert own.frame is not None
    pd.testing.assert_frame_equal(
        own.frame, pd.DataFrame({"desk": ["a"], "conversations": [4]}).astype(own.frame.dtypes)
    )


def test_a_suite_is_known_by_its_file_without_being_imported(tmp_path: Path) -> None:
    assert described(None) == described(tmp_path) == {}
    (tmp_path / "expectations").mkdir()
    (tmp_path / "expectations" / "__init__.py").write_text("")
    (tmp_path / "expectations" / "desks.py").write_text(GOOD)
    (tmp_path / "expectations" / "bare.py").write_text("raise ValueError")
    assert described(tmp_path) == {"bare": "", "desks": "Desks are known."}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("desks.py", "QUERY = \n", "expectations/desks.py: invalid syntax (desks.py, line 1)"),
        ("volumes.py", "", "expectations/volumes.py: a suite of ours is called so"),
        ("by-desk.py", "", "expectations/by-desk.py: a suite of ours is called so, or no suite can be"),
    ],
)
def test_a_file_that_can_be_no_suite_is_refused_at_once(tmp_path: Path, name: str, content: str, words: str) -> None:
    (tmp_path / "expectations").mkdir()
    (tmp_path / "expectations" / name).write_text(content)
    with pytest.raises(SettingsError) as refused:
        described(tmp_path, taken={"volumes": ""})
    assert f"extension.path: {words}" in str(refused.value)


def test_a_mistake_is_written_down(tmp_path: Path) -> None:
    verdict = evaluate("b", {}, Quality(), lambda limits: {}, [OwnSuite("desks", mistake="line 3: no")])[0]
    assert verdict.findings == (
        Finding("desks", "module", "critical", "expectations/desks.py can be used.", "line 3: no"),
    )
