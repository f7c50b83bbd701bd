"""Archives of webhooks in a landed batch: taken apart when they are parsed, whatever else lies beside them."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.bounds import DEFAULTS, Bounds
from ingestion.parsing import archives, parser
from ingestion.raw import segments
from ingestion.raw.segments import RawBatch, Segment
from ingestion.settings import load_settings
from ingestion.source_kinds import entities_of
from ingestion.storage.compression import CUT
from ingestion.storage.landing import BatchError, open_landed
from ingestion.storage.ledger import LEDGER, Ledger
from tests.drops import write_config, write_files
from tests.warehouse import accept

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def line(*messages: object, system: str = "whatsapp_business_account", field: str = "messages") -> bytes:
    change = {"field": field, "value": {"messages": list(messages)}}
    return json.dumps({"object": system, "entry": [{"changes": [change]}]}).encode() + b"\n"


def message(key: str, **values: object) -> dict[str, object]:
    return {"id": key, "from": "34611", "timestamp": "1767225600", "type": "text", **values}


def land(folder: Path, files: Mapping[str, bytes], rows: Mapping[str, int]) -> Path:
    """A landed batch with a manifest of these files."""
    batch = folder / "landing" / "wa" / "b1"
    write_files(batch, dict(files), dict(rows), NOON.isoformat())
    return batch


def parsed(folder: Path, batch: Path, bounds: Bounds = DEFAULTS) -> tuple[Segment, RawBatch]:
    with parser.connect() as connection:
        segment, (one,) = segments.parse_segment(
            connection, [open_landed("wa", batch)], folder / "raw", (1, 5), lambda _: None, archives.KIND, bounds
        )
    return segment, one


def held(segment: Segment, entity: str, columns: str) -> list[tuple[Any, ...]]:
    rows = segments.records([segment], entities_of(archives.KIND)[entity])
    return duckdb.sql(f"select {columns} from ({rows}) order by file_row_number").fetchall() if rows else []


def test_records_say_in_which_archive_and_line_they_stand(tmp_path: Path) -> None:
    late = message("m2", timestamp="soon")
    plain = b"\n" + line(message("m1"), late) + b"no json\n" + line(message("m3"), 5)
    packed = gzip.compress(b'"\xff"\n' + line(message("m4")))
    files = {"archive-0001.ndjson": plain, "archive-0002.ndjson.gz": packed}
    segment, batch = parsed(tmp_path, land(tmp_path, files, {"archive-0001.ndjson": 3, "archive-0002.ndjson.gz": 2}))
    assert held(segment, "messages", "message_id, _file, _reasons is null") == [
        ("m1", "archive-0001.ndjson", True),
        ("m2", "archive-0001.ndjson", False),
        (None, "archive-0001.ndjson", False),
        ("m3", "archive-0001.ndjson", True),
        (None, "archive-0001.ndjson", False),
        (None, "archive-0002.ndjson.gz", False),
        ("m4", "archive-0002.ndjson.gz", True),
    ]
    assert batch.totals() == {"messages": (7, 4)}
    quarantined = duckdb.sql(f"select file, line, reasons, record from '{segment.quarantine}'").fetchall()
    assert quarantined == [
        *[
            (
                "archive-0001.ndjson",
                2,
                "sent_at: neither an instant nor unix seconds",
                json.dumps(message("m2", timestamp="soon")),
            )
        ],
        ("archive-0001.ndjson", 3, "malformed record", "no json"),
        ("archive-0001.ndjson", 4, "malformed record", "5"),
        ("archive-0002.ndjson.gz", 1, "text that is not UTF-8", '"\ufffd"'),
    ]


def test_a_batch_of_an_earlier_version_is_read_from_its_archives(tmp_path: Path) -> None:
    """There the archive was packed under another name, and files of records that were taken out lay beside it."""
    archive = gzip.compress(line(message("m1")) + line(message("e1", to="34611"), field="smb_message_echoes"))
    old = json.dumps(message("m1")).encode() + b"\n"
    files = {"archive-0001.gz": archive, "messages-0001.ndjson.gz": gzip.compress(old * 20)}
    files["statuses-0001.ndjson.gz"] = gzip.compress(b'{"id": "s1"}\n' * 20)
    segment, batch = parsed(tmp_path, land(tmp_path, files, dict.fromkeys(files, 20) | {"archive-0001.gz": 2}))
    assert held(segment, "messages", "message_id, source") == [("m1", "messages"), ("e1", "smb_message_echoes")]
    assert batch.totals() == {"messages": (2, 0)}


def test_what_is_set_aside_is_counted_and_said(tmp_path: Path) -> None:
    content = (
        line(message("m1", type="poll"))
        + line(system="instagram") * 3
        + line(field="calls")
        + line(message("g", group_id="G"))
    )
    segment, batch = parsed(tmp_path, land(tmp_path, {"archive-0001.ndjson": content}, {"archive-0001.ndjson": 6}))
    assert batch.totals() == {"messages": (1, 0), "others": (5, 0)}
    assert batch.notes == (
        "messages of the unknown type 'poll', counted as messages: 1",
        "set aside, field calls: 1",
        "set aside, message of a group: 1",
        "set aside, object instagram: 3",
    )
    assert segments.read_batch(segment.folder, "b1") == batch


def test_a_user_is_told_once_a_batch(tmp_path: Path) -> None:
    content = b"".join(line(message(f"m{number}", from_user_id="ES.1")) for number in range(5))
    segment, _ = parsed(tmp_path, land(tmp_path, {"archive-0001.ndjson": content}, {"archive-0001.ndjson": 5}))
    assert held(segment, "users", "user_id, number") == [("ES.1", "34611")]


def test_a_last_line_that_is_half_is_no_delivery(tmp_path: Path) -> None:
    content = line(message("m1")) + line(message("m2"))[:40]
    _, batch = parsed(tmp_path, land(tmp_path, {"archive-0001.ndjson": content}, {"archive-0001.ndjson": 1}))
    assert batch.totals() == {"messages": (1, 0)}


def test_a_line_longer_than_any_record_is_malformed_and_cut_off(tmp_path: Path) -> None:
    content = line(message("m1", text="x" * 5_000)) + line(message("m2"))
    batch = land(tmp_path, {"archive-0001.ndjson": content}, {"archive-0001.ndjson": 2})
    segment, one = parsed(tmp_path, batch, Bounds(record_bytes=400))
    assert one.totals() == {"messages": (2, 1)}
    ((number, record),) = duckdb.sql(f"select line, record from '{segment.quarantine}'").fetchall()
    assert number == 1
    assert record.endswith(CUT)
    assert len(record) < 1_000


def test_an_archive_that_changed_in_landing_refuses_its_batch(tmp_path: Path) -> None:
    batch = land(tmp_path, {"archive-0001.ndjson": line(message("m1"))}, {"archive-0001.ndjson": 2})
    with pytest.raises(BatchError, match=r"archive-0001\.ndjson: the manifest says 2 deliveries, the file has 1"):
        parsed(tmp_path, batch)


def test_raw_of_earlier_rules_is_parsed_again_and_says_what_it_sets_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "day.ndjson").write_bytes(line(message("m1")) + line(system="page") * 2)
    source = {"name": "wa", "kind": "meta_webhooks", "account": "acme_export", "path": "archive"}
    accounts = [{"id": "acme_export", "timezone": "UTC"}]
    config = write_config(tmp_path, accounts=accounts, sources=[source])
    (report,) = accept(config)
    (entry,) = report.entries
    assert report.warnings == [f"wa {entry.batch}: set aside, object page: 2"]
    shutil.rmtree(tmp_path / "var" / "raw")
    (report,) = accept(config)
    assert f"wa {entry.batch}: set aside, object page: 2" in report.warnings
    with Ledger(load_settings(config).home / LEDGER) as ledger:
        first, *_ = ledger.entries("wa")
        assert {name: counts.landed for name, counts in first.counts.items()} == {"messages": 1, "others": 2}


def test_what_is_optional_or_anothers_never_refuses_and_malformed_lines_do(tmp_path: Path) -> None:
    (folder := tmp_path / "archive").mkdir()
    nameless = {name: value for name, value in message("").items() if name != "from"}
    unusual = [line(nameless | {"id": f"u{number}", "from_user_id": "ES.1"}) for number in range(12)]
    unusual += [line(nameless | {"id": f"n{number}", "from": "ES.2"}) for number in range(12)]
    unusual += [line(system="instagram"), line(message("g", group_id="G")), line(field="unheard_of")] * 12
    (folder / "a.ndjson").write_bytes(line(message("m1")) + b"".join(unusual))
    source = {"name": "wa", "kind": "meta_webhooks", "account": "acme_export", "path": "archive"}
    config = write_config(tmp_path, accounts=[{"id": "acme_export", "timezone": "UTC"}], sources=[source])
    (report,) = accept(config)
    assert not report.refusals
    (folder / "b.ndjson").write_bytes(line(message("m2")) + b"{\n" * 11)
    (report,) = accept(config)
    assert "11 of 12 messages rows are quarantined" in report.refusals[0]
    assert "11 for 'malformed record'" in report.refusals[0]


def test_a_broken_archive_stops_its_source_and_one_that_is_cut_off_waits(tmp_path: Path) -> None:
    (folder := tmp_path / "archive").mkdir()
    whole = gzip.compress(line(message("m1")) * 2)
    (folder / "a.ndjson.gz").write_bytes(whole[:-9])
    source = {"name": "wa", "kind": "meta_webhooks", "account": "acme_export", "path": "archive"}
    config = write_config(tmp_path, accounts=[{"id": "acme_export", "timezone": "UTC"}], sources=[source])
    (report,) = accept(config)
    assert report.warnings == [f"wa: {folder / 'a.ndjson.gz'}: the gzip file is cut off; it is left for a later run"]
    assert not report.refusals
    wrong_sum = bytes(byte ^ 1 for byte in whole[-8:-4])
    (folder / "a.ndjson.gz").write_bytes(whole[:-8] + wrong_sum + whole[-4:])
    (report,) = accept(config)
    assert f"wa: {folder / 'a.ndjson.gz'}: cannot be read: CRC check failed" in report.refusals[0]
    assert "repair the file, or remove it from the folder" in report.refusals[0]


def test_what_an_archive_may_unpack_to_is_configured(tmp_path: Path) -> None:
    (folder := tmp_path / "archive").mkdir()
    (folder / "a.ndjson.gz").write_bytes(gzip.compress(line(message("m1")) + b" " * 70_000_000 + b"\n"))
    source = {"name": "wa", "kind": "meta_webhooks", "account": "acme_export", "path": "archive"}
    accounts = [{"id": "acme_export", "timezone": "UTC"}]
    (report,) = accept(write_config(tmp_path, accounts=accounts, sources=[source]))
    assert "raise '[resources] inflated_ratio'" in report.refusals[0]
    more = "[resources]\ninflated_ratio = 5000"
    (report,) = accept(write_config(tmp_path, accounts=accounts, sources=[source], extra=more))
    assert not report.refusals
