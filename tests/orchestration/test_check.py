"""`causerie check`: what is meant by its argument, its exit statuses, and both formats."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestration.cli.main import main
from tests.drops import conversation, message, write_batch, write_config
from tests.ingestion.test_strangers_dump import REFUSED, WARNED, Dump, deliver, dump


def check(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["check", *map(str, arguments)], catch_exceptions=False)


def test_a_source_that_is_well(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    deliver(tmp_path / "drop" / "b1", dump())
    result = check("acme_export", "--config", config)
    assert result.exit_code == 0, result.output
    assert "ok       folder" in result.output
    assert "All is well." in result.output
    assert "the busiest hour in Europe/Paris begins at" in result.output
    assert not (tmp_path / "var").exists()
    found = json.loads(check("acme_export", "--config", config, "--format", "json").output)
    assert found["is_well"] is True
    assert [finding["subject"] for finding in found["findings"]] == ["folder", "manifest"]
    assert found["spans"][0]["first"] == "2026-01-05T08:00:00+00:00"


@pytest.mark.parametrize(("mistake", "words"), [REFUSED[0], WARNED[0], WARNED[1], WARNED[2]])
def test_a_source_that_is_not(tmp_path: Path, mistake: Callable[[Dump], None], words: str | list[str]) -> None:
    config = write_config(tmp_path)
    tables = dump()
    mistake(tables)
    deliver(tmp_path / "drop" / "b1", tables)
    result = check("acme_export", "--config", config)
    assert result.exit_code == 1
    assert [one for one in ([words] if isinstance(words, str) else words) if one not in result.output] == []


def test_a_folder_needs_no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(tmp_path / "drop" / "b1", dump())
    monkeypatch.chdir(tmp_path)
    result = check("drop/b1", "--timezone", "Asia/Tokyo", "--out", "report.txt")
    assert (result.exit_code, result.output) == (0, "")
    assert "the busiest hour in Asia/Tokyo" in (tmp_path / "report.txt").read_text()


def test_a_source_without_its_folder(tmp_path: Path) -> None:
    result = check("acme_export", "--config", write_config(tmp_path))
    assert result.exit_code == 1
    assert f"missing  folder         {tmp_path / 'drop'} does not exist" in result.output


def test_of_a_live_source_the_access_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = {"name": "shop", "kind": "chatwoot", "account": "acme", "base_url": "https://chat.example.org"}
    monkeypatch.delenv("SHOP_TOKEN", raising=False)
    config = write_config(tmp_path, sources=[{**source, "account_id": 1, "token_env": "SHOP_TOKEN"}])
    result = check("shop", "--config", config)
    assert result.exit_code == 1
    assert "SHOP_TOKEN" in result.output
    assert json.loads(check("shop", "--config", config, "--format", "json").output)["is_well"] is False


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "neither a source of causerie.toml nor a folder; the sources are acme_export"),
        (["acme_export", "--timezone", "UTC"], "its account has a zone"),
        (["drop", "--timezone", "Mars"], "unknown time zone 'Mars'"),
    ],
)
def test_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str) -> None:
    write_config(tmp_path)
    (tmp_path / "drop").mkdir()
    monkeypatch.chdir(tmp_path)
    result = check(*arguments)
    assert (result.exit_code, words in result.output) == (2, True), result.output


@pytest.mark.parametrize("file_format", ["text", "json"])
def test_nothing_from_outside_acts_on_a_terminal(tmp_path: Path, file_format: str) -> None:
    hostile = "\x1b]0;pwned\x07\u202e"
    tables = {
        "conversations": [{**conversation(status=hostile, closed_at=hostile), hostile: 1}],
        "messages": [message(sender_type=hostile, direction=hostile), message(origin=hostile)],
    }
    batch = write_batch(tmp_path / "drop" / "b1", tables)
    (batch / f"{hostile}.csv").touch()
    output = check(tmp_path / "drop", "--format", file_format).output
    assert not set(hostile) & {"\x1b", "\x07", "\u202e"} & set(output)
    assert output.count("pwned") >= 6
