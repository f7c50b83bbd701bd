"""What README.md, docs/querying.md and docs/bi.md have readers run: it answers, and reaches nothing but the release."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import duckdb
import pytest
from click.testing import CliRunner

from orchestration.cli.main import main
from tests.reports.conftest import Published

ROOT = Path(__file__).parents[2]
PAGES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/querying.md", "docs/bi.md")}
EXAMPLES = [
    pytest.param(dedent(code), id=f"{name}-{number}")
    for name, text in PAGES.items()
    for number, code in enumerate(re.findall(r"```python\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE))
]
BARE = "import sys; sys.modules.update(dict.fromkeys(('numpy', 'pandas', 'pyarrow', 'pytz')))\n"
"""Before an example: what `pip install duckdb` alone does not bring is not there."""
SQL = re.findall(r"^(?:select|describe|from) .*?;$", PAGES["docs/querying.md"], re.DOTALL | re.MULTILINE)
EVERY_WAY = (
    "select * from read_parquet('{home}/raw/acme_export/b1/contacts-1.parquet')",
    "select * from '{home}/raw/acme_export/b1/contacts-1.parquet'",
    "select * from read_csv('{home}/landing/acme_export/b1/contacts.csv')",
    "select * from read_text('{home}/landing/acme_export/b1/contacts.csv')",
    "select * from glob('{home}/landing/**')",
    "attach '{home}/builds/b1/warehouse.duckdb' as build (read_only)",
    "copy (select 1) to '{home}/written.csv'",
)
SWITCHES = (
    "set enable_external_access = true",
    "reset enable_external_access",
    "set allowed_directories = ['{home}']",
    "set allowed_paths = ['{home}/landing/acme_export/b1/contacts.csv']",
)


@pytest.fixture
def home(published: Published, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with phones in landing, raw and a build, which the user of the test can read; in its folder we are."""
    home = published.home.path
    for folder in ("landing/acme_export/b1", "raw/acme_export/b1", "builds/b1"):
        (home / folder).mkdir(parents=True)
    (home / "landing/acme_export/b1/contacts.csv").write_text("phone\n+33612345678\n")
    duckdb.sql("select '+33612345678' as phone").write_parquet(str(home / "raw/acme_export/b1/contacts-1.parquet"))
    with duckdb.connect(str(home / "builds/b1/warehouse.duckdb")) as connection:
        connection.execute("create table contacts as select '+33612345678' as phone")
    monkeypatch.chdir(home.parent)
    return home


def run(example: str, home: Path, *statements: str) -> list[object]:
    """Run an example of a page with each statement in the place of its query; what each came to."""
    found: list[object] = []
    for statement in statements or ("",):
        tree = ast.parse(example.replace("/srv/causerie", str(home)))
        queries = [
            node for node in ast.walk(tree) if isinstance(node, ast.Constant) and str(node.value).startswith("select ")
        ]
        assert len(queries) == 1
        if statement:
            queries[0].value = statement.format(home=home)
        names: dict[str, object] = {}
        try:
            exec(compile(tree, "example", "exec"), names)
            found.append(names.get("details", names.get("rows")))
        except Exception as error:
            found.append(str(error))
    return found


def test_the_pages_have_examples() -> None:
    assert len(EXAMPLES) >= 4
    assert len(SQL) >= 4


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_answers(example: str, home: Path) -> None:
    (answer,) = run(example, home)
    assert answer is not None and not isinstance(answer, str), answer
    assert len(answer) > 0  # type: ignore[arg-type]


@pytest.mark.parametrize("example", [one for one in EXAMPLES if "sqlalchemy" not in str(one.values[0])])
def test_an_example_of_duckdb_needs_nothing_else(example: str, home: Path) -> None:
    code = BARE + example.replace("/srv/causerie", str(home)) + "\nassert rows"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=home.parent)


@pytest.mark.parametrize("sql", SQL)
def test_the_sql_of_the_page_runs(sql: str, published: Published) -> None:
    with duckdb.connect(str(published.file), read_only=True) as release:
        assert release.sql(sql).fetchall() or "report_overview(" in sql  # of agents that the test does not have


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_sql_of_an_example_reads_and_writes_no_other_file(example: str, home: Path) -> None:
    for statement, result in zip(EVERY_WAY, run(example, home, *EVERY_WAY), strict=True):
        assert "disabled by configuration" in str(result), statement
    assert not (home / "written.csv").exists()


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_sql_of_an_example_cannot_open_what_is_closed(example: str, home: Path) -> None:
    for statement, result in zip(SWITCHES, run(example, home, *SWITCHES), strict=True):
        assert re.search("Cannot (enable|change)", str(result)), statement


def test_the_command_query_reads_nothing_else_either(published: Published, home: Path) -> None:
    for statement in (*EVERY_WAY, *SWITCHES):
        done = CliRunner().invoke(main, ["query", statement.format(home=home), "--config", str(published.config)])
        assert done.exit_code == 2
        assert re.search("disabled by configuration|Cannot (enable|change)", done.output), statement


def test_every_tool_of_the_page_opens_without_other_files() -> None:
    drivers = PAGES["docs/bi.md"].partition("\n## Drivers\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (?!tool)(.+) \|$", drivers, re.MULTILINE)
    assert len(rows) >= 9
    for row in rows:
        assert "enable_external_access" in row or "-safe" in row or re.search("a user of (its|their) own", row), row
    for name, text in PAGES.items():
        for line in re.findall(r"(?:duckdb -readonly|jdbc:duckdb:|duckdb:///|\{DuckDB Driver\}).*", text):
            assert "-safe" in line or "enable_external_access" in line, f"{name}: {line}"
