"""`causerie quarantine`: every bad row, where it lies and what became of it, whatever can be read of a home."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from ingestion.raw import compaction
from ingestion.settings import load_settings
from orchestration.cli.main import main
from orchestration.cli.quarantine_formats import write_csv, write_table
from orchestration.home import Home
from orchestration.quarantine import Query, quarantined
from tests.drops import conversation, message, write_batch, write_config, write_manifest
from tests.warehouse import BUILD, accept, build_marts

NO_OFFSET = "sent_at: an instant without an offset"


class Warehouse:
    """A home in which a run ingests and builds, as far as the command can tell."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = write_config(folder, extra="[quality]\nquarantine_rows = 2\n")
        self.home = Home(load_settings(self.config).home)
        (folder / "drop").mkdir(exist_ok=True)

    def deliver(self, batch: str, *messages: Any, **entities: Any) -> None:
        write_batch(self.folder / "drop" / batch, {"messages": messages, **entities} if messages else entities)

    def run(self) -> None:
        build_marts(self.config, incremental=True)
        self.home.open_build.parent.mkdir(exist_ok=True)
        if not self.home.open_build.is_symlink():
            self.home.open_build.symlink_to(Path("..") / "tests")

    @property
    def build(self) -> Path:
        return self.home.path / "tests" / BUILD

    def ask(self, *options: str) -> Result:
        result = CliRunner().invoke(main, ["quarantine", "--config", str(self.config), *options])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def listed(self, *options: str) -> list[dict[str, Any]]:
        result = self.ask("--format", "json", *options)
        assert result.exit_code == 0, result.output
        rows = json.loads(result.stdout)
        assert isinstance(rows, list)
        return rows

    def states(self, *options: str) -> list[tuple[str, str | None, str, str | None]]:
        rows = self.listed(*options)
        return [(row["batch"], row["record_id"], row["state"], row["mended_by"]) for row in rows]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two bad rows of b1, of which b2 would mend one."""
    made = Warehouse(tmp_path_factory.mktemp("quarantine"))
    bad = [message("m1", sent_at="2026-01-02T09:00:00"), {"sent_at": "soon", "direction": "up"}]
    made.deliver("b1", message("m0"), *bad, conversations=[conversation()])
    made.run()
    return made.folder


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Warehouse:
    """A copy of that home."""
    shutil.copytree(built, tmp_path, symlinks=True, dirs_exist_ok=True)
    return Warehouse(tmp_path)


def test_a_row_is_listed_with_where_it_lies_and_as_it_came(home: Warehouse) -> None:
    first, second = home.listed()
    assert first == {
        "source_system": "acme_export",
        "entity": "messages",
        "batch": "b1",
        "file": "messages.ndjson",
        "line": 2,
        "record_id": "m1",
        "reasons": [NO_OFFSET],
        "state": "open",
        "mended_by": None,
        "record": json.dumps(message("m1", sent_at="2026-01-02T09:00:00")),
    }
    assert (second["line"], second["record_id"], second["record"]) == (
        3,
        None,
        '{"sent_at": "soon", "direction": "up"}',
    )
    assert len(second["reasons"]) == 4


def test_a_row_is_open_until_a_later_batch_mends_it(home: Warehouse) -> None:
    home.deliver("b2", message("m1"))
    home.run()
    assert home.states() == [("b1", None, "open", None)]
    assert home.states("--all") == [("b1", "m1", "mended", "b2"), ("b1", None, "open", None)]
    assert "mended by b2" not in home.ask().stdout
    assert "line 2  m1  mended by b2" in home.ask("--all").stdout


def test_rows_of_a_refused_batch_are_listed_with_their_keys_and_not_counted(home: Warehouse) -> None:
    bad = [message(f"x{number}", direction="up") for number in range(3)]
    home.deliver("b2", *bad)
    home.run()
    assert home.states("--batch", "b2") == [("b2", f"x{number}", "refused", None) for number in range(3)]
    table = home.ask().stdout
    assert "5 quarantined rows: 2 open; 3 of refused batches, not counted" in table
    assert "line 1  x0  refused batch: not counted" in table
    home.deliver("b2", *(message(f"x{number}") for number in range(3)))
    home.run()
    assert {row["batch"] for row in home.listed()} == {"b1"}


def test_rows_that_the_build_lacks_are_listed(home: Warehouse) -> None:
    home.deliver("b2", message("m1"), message("m2", direction=None))
    accept(home.config)
    assert home.states("--batch", "b2") == [("b2", "m2", "not built", None)]
    home.run()
    assert home.states("--batch", "b2") == [("b2", "m2", "open", None)]


def test_a_key_that_does_not_hold_is_none_before_the_build_as_after_it(home: Warehouse) -> None:
    home.deliver("b2", message(1.5), message(True), {"message_id": "m3"})
    accept(home.config)
    before = home.states("--batch", "b2")
    assert [key for _, key, _, _ in before] == [None, None, "m3"]
    assert {state for _, _, state, _ in before} == {"refused"}


def test_a_row_with_several_reasons_is_counted_under_each_and_is_one_row(home: Warehouse) -> None:
    table = home.ask().stdout
    for reason in ("message_id: missing", "sent_at: no instant", "direction: none of inbound or outbound"):
        assert f"{reason}  1 row\n" in table
    assert table.count('{"sent_at": "soon"') == 4
    assert len(home.listed("--reason", "missing")) == 1
    narrowed = home.ask("--reason", "MISSING").stdout
    assert "1 quarantined row: 1 open" in narrowed
    assert "sent_at: no instant" not in narrowed


def test_rows_are_distinguished_by_source_batch_and_entity(home: Warehouse) -> None:
    home.deliver("b2", message("m2", direction=None), conversations=[conversation("c2", started_at=None)])
    home.run()
    assert len(home.listed("--source", "acme_export")) == 4
    assert home.states("--entity", "conversations") == [("b2", "c2", "open", None)]
    assert len(home.listed("--batch", "b2")) == 2
    assert home.listed("--batch", "b1", "--entity", "conversations") == []


def test_of_each_reason_so_many_rows_are_shown(home: Warehouse) -> None:
    home.deliver(
        "b2", *(message(f"g{number}") for number in range(700)), *(message(f"x{n}", type=[]) for n in range(7))
    )
    home.run()
    table = home.ask().stdout
    assert "type: no text  7 rows" in table
    assert table.count('"type": []') == 5
    assert "… and 2 more" in table
    assert home.ask("--limit", "0").stdout.count('"type": []') == 7
    assert len(home.listed()) == 9
    assert len(home.listed("--limit", "1")) == 3
    assert len(home.listed("--limit", "1", "--reason", "type")) == 1


def test_nothing_in_quarantine_is_reported(tmp_path: Path) -> None:
    home = Warehouse(tmp_path)
    assert home.ask().stdout == "No open rows in quarantine.\n"
    home.deliver("b1", message("m1"))
    home.run()
    result = home.ask("--entity", "messages")
    assert (result.exit_code, result.output) == (0, "No matching open rows in quarantine.\n")
    assert home.ask("--all").stdout == "No rows in quarantine.\n"
    assert home.listed() == []


def test_joined_segments_hold_the_same_rows(home: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    home.deliver("b2", message("m2", direction=None), message("m1"), message("m3"), message("m4"))
    home.run()
    home.deliver("b3", *(message(f"x{number}", direction="up") for number in range(3)))
    home.run()
    before = home.listed("--all")
    assert len(before) == 6
    folders = set(home.home.path.glob("raw/*/*"))
    monkeypatch.setattr(compaction, "FAN_IN", 2)
    compaction.compact(load_settings(home.config), lambda _: None)
    assert set(home.home.path.glob("raw/*/*")) - folders
    assert home.listed("--all") == before


def lock(build: Path) -> subprocess.Popen[str]:
    code = f"import duckdb, time; c = duckdb.connect({str(build)!r}); print('held', flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def lose(build: Path) -> None:
    build.unlink()


def cut(build: Path) -> None:
    os.truncate(build, 100)


def damage(build: Path) -> None:
    with build.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xff" * (build.stat().st_size - 3 * 4096))


def forget(build: Path) -> None:
    with duckdb.connect(str(build)) as connection:
        connection.execute("drop table intermediate.int_quarantine")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lock, "a run is using it"),
        (lose, "there is no build yet"),
        (cut, "cannot be read"),
        (damage, "cannot be read"),
        (forget, "int_quarantine does not exist"),
    ],
)
def test_without_a_build_all_rows_are_listed_and_it_is_reported(
    home: Warehouse, spoil: Callable[[Path], subprocess.Popen[str] | None], words: str
) -> None:
    home.deliver("b2", message("m1"))
    home.run()
    holder = spoil(home.build)
    try:
        result = home.ask()
    finally:
        if holder is not None:
            holder.kill()
            holder.wait()
    assert result.exit_code == 0
    assert words in result.stderr
    assert "mended rows are listed as well" in result.stderr
    assert "2 quarantined rows: 2 not in the last build" in result.stdout
    assert "line 2  m1" in result.stdout


def test_raw_that_cannot_be_read_is_reported(home: Warehouse) -> None:
    home.deliver("b2", message("m2", direction=None))
    home.run()
    (first, second) = sorted(home.home.path.glob("raw/*/*/quarantine.parquet"))
    first.write_bytes(b"PAR1")
    result = home.ask()
    assert result.exit_code == 0
    assert f"{first}: cannot be read" in result.stderr
    assert "1 quarantined row: 1 open" in result.stdout
    second.unlink()
    assert f"{second}: cannot be read" in home.ask().stderr


def test_an_accepted_batch_that_is_not_in_raw_is_reported(home: Warehouse) -> None:
    with sqlite3.connect(home.home.path / "ledger.sqlite") as ledger:
        ledger.execute("update batches set segment = null")
    result = home.ask()
    assert "acme_export b1: not in raw at present; the next run parses it again" in result.stderr
    assert result.exit_code == 0


def test_a_ledger_that_cannot_be_read_is_reported(home: Warehouse) -> None:
    (home.home.path / "ledger.sqlite").write_bytes(b"no ledger" * 1000)
    result = home.ask()
    assert result.exit_code == 1
    assert "ledger.sqlite: cannot be read" in result.output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--source", "nobody"], "there is no source 'nobody'; the sources are acme_export"),
        (["--batch", "b9\x1b"], "no run has seen a batch 'b9\\u001b'"),
        (["--entity", "people"], "'people' is not one of"),
        (["--limit", "-1"], "--limit"),
        (["--format", "xml"], "'xml' is not one of"),
        (["--out", "no/such/folder/file"], "name a file that can be written"),
    ],
)
def test_wrong_usage(home: Warehouse, options: list[str], words: str) -> None:
    result = home.ask(*options)
    assert result.exit_code == 2
    assert words in result.output


# What others wrote into records, on a terminal and in files

EVIL = {"message_id": "m\x1b[2J", "note": "[bold]\u202e\x9b31m\x07 naïve 🙂"}


class Terminal(io.StringIO):
    """A text stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def written(home: Warehouse, out: io.StringIO, write: Callable[..., None]) -> str:
    with quarantined(load_settings(home.config), Query()) as rows:
        write(rows, 5, out)
    return out.getvalue()


@pytest.fixture
def evil(tmp_path: Path) -> Warehouse:
    made = Warehouse(tmp_path)
    folder = write_batch(tmp_path / "drop" / "b1", {"messages": [EVIL]})
    file = folder / "messages.ndjson"
    file.write_bytes(b"not json \x1b[31m\r\xc2\x9b" + b"x" * 300 + b"\n" + file.read_bytes())
    write_manifest(folder, {file.name: 2})
    made.run()
    return made


def test_no_control_character_of_a_record_reaches_a_terminal(evil: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")  # rich then adds none of its own
    monkeypatch.setenv("NO_COLOR", "1")
    table = written(evil, Terminal(), write_table)
    assert "\\u001b[31m\\r\\u009b" in table
    assert max(map(len, table.splitlines())) == 80
    for shown in (table, written(evil, Terminal(), write_csv), evil.ask().stdout, evil.ask("--format", "json").stdout):
        assert {c for c in shown if not c.isprintable()} == {"\n"}


def test_files_hold_records_as_they_came(evil: Warehouse, tmp_path: Path) -> None:
    first, second = evil.listed()
    assert first["record"].startswith("not json \x1b[31m\r\x9bxxx")
    assert json.loads(second["record"]) == EVIL
    assert second["record_id"] == "m\x1b[2J"
    out = tmp_path / "rows.csv"
    assert evil.ask("--format", "csv", "--out", str(out)).stdout == ""
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["record"] for row in rows] == [first["record"], second["record"]]
    assert [row["line"] for row in rows] == ["1", "2"]
    assert list(rows[0]) == list(first)


def test_markup_in_a_record_is_text(evil: Warehouse) -> None:
    assert "[bold]" in evil.ask().stdout
