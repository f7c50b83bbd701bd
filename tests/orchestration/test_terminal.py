"""Names and texts from outside on a terminal and in logs: they are read, and nothing of them acts."""

from __future__ import annotations

import io
import re
import shlex
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner
from rich.table import Table

import orchestration
from ingestion.ingest import ingest_sources
from ingestion.settings import load_settings
from orchestration.cli import console
from orchestration.cli.main import main
from orchestration.cli.terminal import Terminal
from orchestration.home import Home
from tests.drops import message, write_batch, write_config
from tests.warehouse import accept

HOSTILE = "[red]b1[bold] :warning: \x1b[2J\x07\u202e;$(id)\nPublished"
SEEN = "[red]b1[bold] :warning: \\u001b[2J\\u0007\\u202e;$(id)\\nPublished"


@pytest.fixture
def refused(tmp_path: Path) -> Path:
    """A configuration whose source stands at a refused batch of a hostile name."""
    config = write_config(tmp_path)
    bad = [message(f"x{number}", sent_at="no time") for number in range(11)]
    write_batch(tmp_path / "drop" / HOSTILE, {"messages": bad})
    return config


def invoke(*arguments: str | Path) -> str:
    return CliRunner().invoke(main, [str(argument) for argument in arguments]).output


def assert_inert(printed: str) -> None:
    assert all(line.isprintable() for line in printed.split("\n"))
    assert SEEN in printed
    assert not re.search(r"^Published", printed, re.MULTILINE)


def test_whatever_a_console_prints_is_text() -> None:
    out = io.StringIO()
    terminal = Terminal(out)
    name = "[red]x[/red] [link=http://a.example]y[/link] :smile: \x1b]8;;http://a.example\x07\u202e"
    seen = "[red]x[/red] [link=http://a.example]y[/link] :smile: \\u001b]8;;http://a.example\\u0007\\u202e"
    table = Table(name, title=name, caption=name)
    table.add_row(name)
    terminal.print(table)
    terminal.print(name, style="bold")
    terminal.say("  ", (name, "bold"))
    assert out.getvalue().count(seen) == 6


def test_no_text_goes_to_a_terminal_by_another_way() -> None:
    """Only the terminal knows Rich's console and mark-up; commands print through ``say``."""
    others = r"from rich\.(console|markup)|from rich import|import rich|click\.s?echo\("
    sources = {path.name: path.read_text() for path in Path(orchestration.__file__).parent.rglob("*.py")}
    found = {name: len(re.findall(others, text)) for name, text in sources.items()}
    assert {name: times for name, times in found.items() if times} == {
        "terminal.py": 1,
        "common.py": 2,  # `say`, and `say_over`, which writes one line again and again
    }


def test_a_hostile_name_of_a_batch_is_shown_and_copied_as_it_is(refused: Path) -> None:
    accept(refused)
    printed = invoke("status", "--config", refused)
    assert_inert(printed)
    (copied,) = [line.strip() for line in printed.splitlines() if "causerie reject" in line]
    assert_inert(invoke("accept", "acme_export", HOSTILE, "--reason", "x", "--config", refused))
    verb, source, batch = shlex.split(copied)[1:4]
    assert (verb, source, batch) == ("reject", "acme_export", SEEN)
    assert "set aside" in invoke(verb, source, batch, "--reason", "x", "--config", refused)


def test_the_summary_of_a_run_shows_a_hostile_name_as_it_is(refused: Path) -> None:
    out = io.StringIO()
    settings = load_settings(refused)
    terminal = Terminal(out)
    reporter = console.ConsoleReporter(terminal)
    reporter.sources = ingest_sources(settings, reporter.progress)
    reporter.is_new = False
    reporter.sources[0].warnings.append(HOSTILE)
    console.show(reporter, Home(settings.home), terminal, 0.0)
    assert_inert(out.getvalue())


def test_a_query_shows_what_would_act(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    current = tmp_path / "var" / "releases" / "current"
    current.mkdir(parents=True)
    with duckdb.connect(str(current / "causerie.duckdb")) as connection:
        connection.execute("create table overview as select $1 as account_id", [HOSTILE.replace("\n", " ")])
    printed = invoke("query", "select * from overview", "--config", config)
    assert SEEN.replace("\\n", " ") in printed
    assert all(line.isprintable() for line in printed.split("\n"))
