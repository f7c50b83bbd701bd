"""What an operator may ask of the next run, and batches that are parsed again from landing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from ingestion.accepted import accepted_batches
from ingestion.decisions import DecisionError
from ingestion.decisions import accept as accept_batch
from ingestion.repairs import parse_again, read_again
from ingestion.settings import Settings, load_settings
from ingestion.storage.ledger import LEDGER, Ledger
from tests.drops import conversation, message, write_batch, write_config
from tests.warehouse import accept, build_marts

NOW = datetime(2026, 4, 5, 12, tzinfo=UTC)
EXPORT = {"name": "acme_export", "kind": "export", "account": "acme", "path": "drop"}
OTHER = EXPORT | {"name": "other_export", "path": "other"}
REMOTE = {"account": "acme", "base_url": "https://a.example", "token_env": "TOKEN"}
CHATWOOT = REMOTE | {"name": "cw", "kind": "chatwoot", "account_id": 1}
ACTIVECAMPAIGN = REMOTE | {"name": "ac", "kind": "activecampaign"}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Two sources: three batches, which are in one segment, and one."""
    for number in range(3):
        rows = {"conversations": [conversation(f"c{number}")], "messages": [message(f"m{number}", f"c{number}")]}
        write_batch(tmp_path / "drop" / f"b{number}", rows)
    write_batch(tmp_path / "other" / "b0", {"conversations": [conversation("other")]})
    config = write_config(tmp_path, sources=[EXPORT, OTHER])
    accept(config)
    return config


def part_of(config: Path, source: str, entity: str) -> Path:
    """The Parquet file of an entity that is in use."""
    _, segments = accepted_batches(load_settings(config))
    (segment,) = (segment for segment in segments if segment.listed.source == source)
    return segment.folder / segment.listed.parts[entity][0].name


def damage(part: Path) -> None:
    """Change a value that can still be read."""
    content = part.read_bytes()
    assert content.count(b"inbound")
    part.write_bytes(content.replace(b"inbound", b"unbound"))


@pytest.mark.builds
@pytest.mark.parametrize("source", ["acme_export", None])
def test_parsed_again_damaged_raw_gives_the_marts_of_before(config: Path, source: str | None) -> None:
    before = build_marts(config)
    part = part_of(config, "acme_export", "messages")
    damage(part)
    assert build_marts(config) != before, "else this shows nothing"
    asked = parse_again(load_settings(config), source, NOW)
    assert f"the next run parses {3 if source else 4} batches again from landing, and builds in full" in asked
    first, other = accept(config)
    assert "3 accepted batches were parsed again from landing, as an operator asked" in first.warnings[0]
    assert bool(other.warnings) == (source is None)
    assert part_of(config, "acme_export", "messages") != part
    assert build_marts(config, ingest_first=False) == before
    assert not any(report.warnings for report in accept(config)), "once"


def test_counts_of_batches_that_are_parsed_again_stay(config: Path) -> None:
    settings = load_settings(config)
    rows = [message(f"m{number}", "c0", sent_at="2026-01-03T10:00:00Z") for number in range(3)]
    write_batch(config.parent / "drop" / "b3", {"messages": rows})
    accept(config)

    def counted() -> list[object]:
        with Ledger(settings.home / LEDGER) as ledger:
            return [(entry.batch, entry.status, entry.counts, entry.decided_at) for entry in ledger.entries()]

    before = counted()
    assert any("restated=3" in str(one) for one in before)
    parse_again(settings, None, NOW)
    accept(config)
    assert counted() == before


@pytest.mark.builds
def test_raw_stays_in_use_where_landing_is_not_what_it_was(config: Path) -> None:
    before, part = build_marts(config), part_of(config, "acme_export", "messages")
    landed = config.parent / "var" / "landing" / "acme_export" / "b1" / "messages.ndjson"
    landed.write_text(landed.read_text().replace('"inbound"', '"outbound"'))
    settings = load_settings(config)
    parse_again(settings, None, NOW)
    report, other = accept(config)
    assert report.failure
    assert f"{landed}: it has changed since it was landed" in report.failure
    assert "restore it in landing" in report.failure
    assert not other.failure
    assert part_of(config, "acme_export", "messages") == part
    assert build_marts(config, ingest_first=False) == before
    landed.write_text(landed.read_text().replace('"outbound"', '"inbound"'))
    report, _ = accept(config)
    assert not report.failure
    assert "parsed again" in report.warnings[0], "as soon as it can be"
    assert part_of(config, "acme_export", "messages") != part


def test_a_refused_batch_is_parsed_again_too(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    bad = [message(f"m{number}", "c0", direction="sideways") for number in range(20)]
    write_batch(tmp_path / "drop" / "b0", {"conversations": [conversation("c0")], "messages": bad})
    (report,) = accept(config)
    assert report.refusals
    (part,) = (tmp_path / "var" / "raw" / "acme_export").glob("*/messages-*.parquet")
    part.write_bytes(b"PAR1")
    settings = load_settings(config)
    parse_again(settings, "acme_export", NOW)
    accept_batch(settings, "acme_export", "b0", "they are known", NOW)
    (report,) = accept(config)
    assert not report.refusals
    assert duckdb.sql(f"from '{part_of(config, 'acme_export', 'messages')}'").fetchall()


@pytest.mark.parametrize(
    ("source", "since", "words"),
    [
        ("nobody", None, "there is no source 'nobody'; the sources are acme_export, cw, ac"),
        ("acme_export", None, "there is no system to read: deliver what is missing.*causerie parse-again acme_export"),
        ("ac", "2026-04-01", "activecampaign cannot be asked since when: each run reads all of it; leave it out"),
        ("cw", "last week", "since: 'last week' is neither a date nor an instant; write it as 2026-08-31 or"),
        ("cw", "2026-04-06", "since: 2026-04-06 is yet to come"),
    ],
)
def test_what_cannot_be_read_again_is_said(tmp_path: Path, source: str, since: str | None, words: str) -> None:
    settings = load_settings(write_config(tmp_path, sources=[EXPORT, CHATWOOT, ACTIVECAMPAIGN]))
    with pytest.raises(DecisionError, match=words):
        read_again(settings, source, since, NOW)
    assert asked(settings, source) == []


def test_a_date_is_one_of_the_account(tmp_path: Path) -> None:
    settings = load_settings(write_config(tmp_path, sources=[CHATWOOT, ACTIVECAMPAIGN]))
    read_again(settings, "cw", "2026-04-01", NOW)
    read_again(settings, "cw", "2026-04-01T12:00Z", NOW + timedelta(seconds=1))
    read_again(settings, "ac", None, NOW)
    assert asked(settings, "cw") == [datetime(2026, 3, 31, 22, tzinfo=UTC), datetime(2026, 4, 1, 12, tzinfo=UTC)]
    assert asked(settings, "ac") == [None]


def asked(settings: Settings, source: str) -> list[datetime | None]:
    with Ledger(settings.home / LEDGER) as ledger:
        return [repair.since for repair in ledger.repairs(source)]


@pytest.mark.parametrize(
    ("source", "words"), [("nobody", "there is no source 'nobody'"), (None, "no batch is in raw"), ("cw", "no batch")]
)
def test_what_cannot_be_parsed_again_is_said(tmp_path: Path, source: str | None, words: str) -> None:
    settings = load_settings(write_config(tmp_path, sources=[EXPORT, CHATWOOT]))
    with pytest.raises(DecisionError, match=words):
        parse_again(settings, source, NOW)
