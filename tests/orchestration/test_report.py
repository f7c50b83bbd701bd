"""`causerie report`: what it asks, where it writes, and what it says when it cannot."""

from __future__ import annotations

import csv
import errno
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from orchestration.cli.main import main
from orchestration.cli.report_table import ROWS
from orchestration.cli.terminal import Visible
from reports import downloads
from tests.reports.conftest import RELEASE, TEXTS, Published, made, published
from tests.reports.workbook import read_workbook

__all__ = ["made", "published"]  # fixtures

LIMITED = """
import resource, signal, sys
from orchestration.cli.main import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))
main(sys.argv[1:])
"""
"""The command, where no file may be longer than 2,000 bytes: a disk that gets full."""


def run(published: Published, *arguments: str, status: int = 0) -> Result:
    result = CliRunner().invoke(main, ["report", *arguments, "--config", str(published.config)])
    assert result.exit_code == status, (result.output, result.exception)
    return result


def rows(published: Published, *arguments: str) -> list[dict[str, object]]:
    answer = json.loads(run(published, *arguments, "--format", "json").stdout)
    assert isinstance(answer, list)
    return answer


def ids(published: Published, *arguments: str) -> set[object]:
    return {row["conversation_id"] for row in rows(published, "details", "--account", "acme", *arguments)}


def asked(published: Published, query: str) -> set[object]:
    with duckdb.connect(str(published.file), read_only=True) as connection:
        return {value for (value,) in connection.execute(query).fetchall()}


# --- what it asks


def test_without_options_all_accounts_over_their_active_dates(published: Published) -> None:
    found = rows(published, "overview")
    days = [row for row in found if row["account_id"] == "acme"]
    assert [days[0]["period_start"], days[-1]["period_start"]] == ["2026-01-01", "2026-01-20"]
    assert [row["period_start"] for row in found if row["account_id"] == "globex"] == ["2026-01-09"]
    assert len(found) == 21


def test_days_are_both_included(published: Published) -> None:
    found = rows(published, "overview", "--from", "2026-01-03", "--to", "2026-01-05", "--account", "acme")
    assert [row["period_start"] for row in found] == ["2026-01-03", "2026-01-04", "2026-01-05"]
    assert len(rows(published, "overview", "--from", "2026-01-19", "--account", "acme")) == 2
    assert rows(published, "overview", "--from", "2027-01-01") == []


@pytest.mark.parametrize(("grain", "number"), [("day", 20), ("week", 4), ("month", 1), ("quarter", 1), ("period", 1)])
def test_a_grain(published: Published, grain: str, number: int) -> None:
    found = rows(published, "overview", "--account", "acme", "--grain", grain)
    assert [row["grain"] for row in found] == [grain] * number


@pytest.mark.parametrize(
    ("options", "condition"),
    [
        (["--agent", "ada@example.org"], "agent_id = 'a1'"),
        (["--agent", "a2", "--agent", "a1"], "agent_id is not null"),
        (["--conversation-tag", "late; very"], "list_contains(conversation_tags, 'late; very')"),
        (["--conversation-tag", "vip", "--agent", "a1"], "list_contains(conversation_tags, 'vip') and agent_id = 'a1'"),
        (["--working-hours", "inside"], "started_in_working_hours"),
        (["--working-hours", "outside"], "not started_in_working_hours"),
        (["--agent", "(unassigned)"], "agent_id is null"),
        (["--conversation-tag", "(untagged)", "--conversation-tag", "late; very"], "conversation_tags <> ['vip']"),
        (["--rated", "yes", "--team", "(no team)"], "rating is not null and team is null"),
        (["--rated", "no", "--source-system", "acme_export"], "rating is null"),
    ],
)
def test_filters(published: Published, options: list[str], condition: str) -> None:
    query = f"select conversation_id from details where account_id = 'acme' and {condition}"
    expected = asked(published, query)
    assert ids(published, *options) == expected
    assert 0 < len(expected) < len(TEXTS)


def test_a_tag_of_a_contact_is_found(published: Published) -> None:
    found = rows(published, "overview", "--account", "acme", "--contact-tag", "gold, old", "--grain", "period")
    assert [row["conversations"] for row in found] == [4]


def test_what_one_account_has_is_a_filter_of_all(published: Published) -> None:
    found = rows(published, "overview", "--agent", "a1", "--grain", "period")
    assert {row["account_id"]: row["conversations"] for row in found} == {"acme": 7, "globex": 0}


def test_it_reads_a_kept_release(published: Published) -> None:
    assert len(rows(published, "overview", "--release", RELEASE[:8])) == 21
    printed = run(published, "overview", "--release", "previous", status=2).stderr
    assert "no kept release is older" in printed
    assert RELEASE in run(published, "overview", "--release", "x", status=2).stderr


# --- where it writes


def test_the_ending_of_a_file_names_its_format(published: Published, tmp_path: Path) -> None:
    for ending in ("csv", "json", "parquet", "XLSX"):
        out = tmp_path / f"a.{ending}"
        assert run(published, "details", "--out", str(out)).stdout == ""
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.reader(file))) == len(TEXTS) + 2
    assert len(json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))) == len(TEXTS) + 1
    with duckdb.connect() as connection:
        assert connection.from_parquet(str(tmp_path / "a.parquet")).count("*").fetchone() == (len(TEXTS) + 1,)
    sheets = read_workbook(tmp_path / "a.XLSX")
    assert len(sheets["details"]) == len(TEXTS) + 2
    assert sorted(path.name for path in tmp_path.glob("*a.*")) == ["a.XLSX", "a.csv", "a.json", "a.parquet"]


def test_a_workbook_says_what_it_is(published: Published, tmp_path: Path) -> None:
    out = tmp_path / "a.xlsx"
    options = ["--account", "acme", "--agent", "a1", "--conversation-tag", "vip", "--grain", "week"]
    run(published, "overview", *options, "--working-hours", "inside", "--out", str(out))
    assert read_workbook(out)["about"] == [
        ["release id", RELEASE],
        ["published at", "2026-02-03 04:05:06+00:00"],
        ["data through", "2026-02-01 00:00:00+00:00"],
        ["report", "overview"],
        ["account", "acme, 2026-01-01 to 2026-01-20"],
        ["grain", "week"],
        ["agents", "a1"],
        ["channels", "all"],
        ["contact tags", "all"],
        ["conversation tags", "vip"],
        ["source systems", "all"],
        ["sources", "all"],
        ["statuses", "all"],
        ["teams", "all"],
        ["working hours", "inside"],
        ["answered", "all"],
        ["rated", "all"],
        ["rows", "4"],
        ["instants", "UTC"],
        ["durations", "hours, minutes and seconds, which sum and average as times do; other formats have ..._seconds"],
        ["percents and shares", "parts of 1, shown in percent"],
    ]


def test_csv_on_standard_output_is_the_same_as_in_a_file(published: Published, tmp_path: Path) -> None:
    run(published, "details", "--out", str(tmp_path / "a.csv"))
    command = [sys.executable, "-c", "from orchestration.cli.main import main; main()", "report", "details"]
    options = ["--format", "csv", "--config", str(published.config)]
    shown = subprocess.run(
        [*command, *options], capture_output=True, check=True, env={"LC_ALL": "C", "PYTHONPATH": "."}
    )
    assert shown.stdout == (tmp_path / "a.csv").read_bytes()


def test_a_table_is_cut_and_says_how_to_get_the_rest(published: Published) -> None:
    printed = run(published, "traffic", "--account", "acme").stdout
    assert printed.startswith(f"{RELEASE}  data through 2026-02-01 00:00 UTC\n")
    assert (
        len([line for line in printed.splitlines() if "onday " in line or "uesday " in line or "ednesday " in line])
        == ROWS
    )
    assert f"{168 - ROWS} more rows and 2 of 8 columns are not shown" in printed
    assert "--out FILE.csv" in printed
    assert "No rows." in run(published, "traffic", "--from", "2027-01-01").stdout


def test_a_table_is_readable_and_marks_what_is_incomplete(published: Published) -> None:
    printed = run(published, "overview", "--account", "acme", "--grain", "month").stdout
    assert "9 h 59 min" in printed  # the duration
    assert "2026-01-01 *" not in printed
    with duckdb.connect(str(published.file)) as writer:
        writer.execute("update reporting.accounts set data_through = timestamp '2026-01-15 00:00:00'")
    printed = run(published, "overview", "--account", "acme", "--grain", "week").stdout
    assert "2026-01-12 *" in printed
    assert "* the data does not cover the whole period" in printed


def test_text_of_others_does_nothing_on_a_terminal(published: Published) -> None:
    terminal = io.StringIO()
    Visible(terminal).write("a\x1b[2Jb\x07,é\r\nnext\n")
    assert terminal.getvalue() == "a\\u001b[2Jb\\u0007,é\nnext\n"
    assert "\x07" not in run(published, "details", "--account", "acme").stdout


# --- what it says when it cannot


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["overview", "--account", "acm"], "no account 'acm' in this release; it has acme, globex, idle"),
        (["overview", "--agent", "a9"], "no agent 'a9' in this release; it has (unassigned), a1, a2, ada@example"),
        (["overview", "--agent", "Ada"], "no agent 'Ada' in this release; the agent with this name is 'a1'"),
        (
            ["overview", "--conversation-tag", "VIP"],
            "no conversation tag 'VIP' in this release; it has (untagged), late",
        ),
        (
            ["overview", "--status", "open"],
            "no status 'open' in this release; it has closed, in_flow, in_p",
        ),
        (["overview", "--team", "x"], "no team 'x' in this release; it has (no team)"),
        (["overview", "--rated", "maybe"], "'maybe' is not one of 'all', 'yes', 'no'"),
        (["overview", "--contact-tag", "x"], "no contact tag 'x' in this release; it has gold, old"),
        (["details", "--grain", "week"], "details has no grain"),
        (["overview", "--grain", "hour"], "overview has no grain 'hour'; it has day, week, month, quarter, period"),
        (["backlog", "--grain", "week"], "backlog has no grain 'week'; it has day, hour"),
        (["overview", "--from", "2026-02-02", "--to", "2026-02-01"], "the last day, 2026-02-01, lies before the first"),
        (["overview", "--from", "2026-02-30"], "'2026-02-30' is not a date; write it as 2026-08-31"),
        (["nothing"], "'nothing' is not one of 'overview', 'by-agent'"),
        (["overview", "--format", "xlsx"], "--format xlsx: cannot be shown on a terminal; name a file with --out"),
        (["overview", "--out", "a.txt"], "--out: a.txt: its ending does not name a format; add --format"),
        (["overview", "--out", "/nowhere/a.csv"], "/nowhere/a.csv: No such file or directory; name a file"),
        (["overview", "--out", "/dev/null", "--format", "csv"], "/dev/null: is not a regular file"),
    ],
)
def test_wrong_usage_is_reported(published: Published, options: list[str], words: str) -> None:
    result = run(published, *options, status=2)
    assert words in result.stderr
    assert result.stdout == ""


def test_of_many_names_the_nearest_are_listed(published: Published) -> None:
    with duckdb.connect(str(published.file)) as writer:
        writer.execute(
            "insert into reporting.filter_values"
            " select 'acme', 'conversation_tags', 'tag ' || n from range(300) as numbers (n)"
        )
    printed = run(published, "overview", "--conversation-tag", "tags 77", status=2).stderr
    assert "it has 303, " in printed
    assert "tag 77" in printed
    assert printed.count("tag ") < 12


def test_before_the_first_release_there_is_nothing(published: Published) -> None:
    shutil.rmtree(published.home.releases)
    assert "nothing is published yet; run 'causerie run' first" in run(published, "overview", status=1).stderr


@pytest.mark.parametrize(
    "change",
    [
        "drop schema reporting cascade",
        "create or replace macro report_overview(account, first_day, last_day, agents := null) as table select 1",
    ],
    ids=["no tables", "a filter less"],
)
def test_a_release_of_older_software_is_reported(published: Published, change: str) -> None:
    with duckdb.connect(str(published.file)) as writer:
        writer.execute(change)
    assert "was published by older software" in run(published, "overview", status=1).stderr


@pytest.fixture
def before(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "out"
    folder.mkdir()
    yield folder
    assert [path.read_text() for path in folder.iterdir()] == ["before"]


@pytest.mark.parametrize("ending", ["csv", "json", "parquet", "xlsx"])
def test_where_the_disk_gets_full_the_old_file_stays(published: Published, before: Path, ending: str) -> None:
    out = before / f"a.{ending}"
    out.write_text("before")
    arguments = ["report", "details", "--config", str(published.config), "--out", str(out)]
    failed = subprocess.run([sys.executable, "-c", LIMITED, *arguments], capture_output=True, text=True, check=False)
    assert failed.returncode == 1, failed.stderr
    assert failed.stderr.splitlines()[-1].endswith(f"{out} is unchanged"), failed.stderr


def test_a_full_disk_is_called_so(published: Published, before: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = before / "a.csv"
    out.write_text("before")

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(downloads, "write_csv", fail)
    printed = run(published, "details", "--out", str(out), status=1).stderr
    assert f"the disk of {before} is full: make room there and run again; {out} is unchanged" in printed


def test_the_help_says_that_filters_are_combined_with_and() -> None:
    words = " ".join(CliRunner().invoke(main, ["report", "--help"]).output.split())
    assert "Different filters are combined with AND: a conversation must match every one" in words
    assert "or …" not in words
