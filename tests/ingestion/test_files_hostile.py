"""The ``files`` source: what real files of other systems hold against expectation is said, and never guessed."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from openpyxl import Workbook

from ingestion.accepted import accepted_batches
from ingestion.decisions import DecisionError, accept, reject
from ingestion.settings import SettingsError, load_settings
from ingestion.sources import files
from tests.ingestion.test_files_source import (
    HEADER,
    LATER,
    SNAPSHOT,
    TICKETS,
    Helpdesk,
    archive,
    separated,
    tickets,
    workbook,
)

pytestmark = pytest.mark.builds
AT = "2026-11-02T09:00:00Z"
QUOTE = '"'
PLAIN = {"columns": {"conversation_id": "id", "started_at": "at", "status": "st"}}


def desk_of(folder: Path, files: str = "*", entity: str = "conversations", **mapped: Any) -> Helpdesk:
    """A folder of files that are read without limits of quarantined rows."""
    columns = PLAIN["columns"] | mapped.pop("columns", {})
    of = {entity: {"files": files, **mapped, "columns": columns}}
    desk = Helpdesk(folder, of)
    desk.configure(of, "[quality]\nquarantine_share = 1\n")
    return desk


# --- snapshots ----------------------------------------------------------------------------------------------


def dumped(folder: Path, *dumps: bytes, **source: Any) -> Helpdesk:
    """A source whose dumps were written hour by hour."""
    desk = Helpdesk(folder, {"conversations": TICKETS}, **SNAPSHOT, **source)
    for number, dump in enumerate(dumps):
        desk.deliver(f"tickets-{number}.csv", dump, LATER + timedelta(hours=number))
        desk.ingest_well()
    return desk


def of(*keys: str) -> bytes:
    return tickets(*((key, "new") for key in keys))


def deleted(desk: Helpdesk) -> list[str]:
    return [key for key, is_gone in desk.raw("conversations", "conversation_id, deleted") if is_gone]


@pytest.mark.parametrize("row", ['"3" broken\r\n', ",,,02/11/2026 09:00,,,,\r\n"], ids=["malformed", "without key"])
def test_a_record_without_a_readable_key_may_be_any_so_nothing_is_deleted(tmp_path: Path, row: str) -> None:
    desk = dumped(tmp_path, of("1", "2", "3"))
    desk.deliver("tickets-1.csv", of("1") + row.encode(), LATER + timedelta(hours=1))
    (line,) = (line for line in desk.ingest_well().warnings if "none that it lacks is deleted" in line)
    assert "1 of its conversations have no key that can be read" in line
    assert deleted(desk) == []
    desk.deliver("tickets-2.csv", of("1", "3"), LATER + timedelta(hours=2))
    desk.ingest_well()
    assert deleted(desk) == ["2"], "compared with the last dump that could be read"


def test_a_record_that_was_quarantined_and_then_is_absent_is_deleted(tmp_path: Path) -> None:
    bad = separated([HEADER, ["1", "", "", "02/11/2026 09:00", "", "", "", ""], ["2", *[""] * 7]]).encode()
    assert deleted(dumped(tmp_path, of("1", "2"), bad, of("1"))) == ["2"]


def test_a_dump_that_lacks_all_is_refused_however_few_they_are(tmp_path: Path) -> None:
    desk = dumped(tmp_path, of("1", "2"))
    desk.deliver("tickets-1.csv", of(), LATER + timedelta(hours=1))
    (reason,) = desk.ingest().refusals
    assert "it lacks 2 of the 2 conversations of the dump before" in reason


def test_dumps_after_one_that_is_set_aside_are_compared_with_the_one_before(tmp_path: Path) -> None:
    desk = dumped(tmp_path, of("1", "2", "3"), of("1", "3", "9"), of("1", "3"))
    names = [entry.batch for entry in accepted_batches(load_settings(desk.config))[0]]
    assert sorted(deleted(desk)) == ["2", "9"]
    reject(load_settings(desk.config), "desk", names[1], "not whole", datetime.now(UTC))
    desk.ingest_well()
    assert deleted(desk) == ["2"]
    with pytest.raises(DecisionError, match="a newer dump is accepted"):
        accept(load_settings(desk.config), "desk", names[1], "it was", datetime.now(UTC))


def test_the_longest_names_of_dumps(tmp_path: Path) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS}, **SNAPSHOT)
    for number, keys in enumerate((("1", "2"), ("1",))):
        desk.deliver(f"tickets-{'x' * 210}{number}.csv", of(*keys), LATER + timedelta(hours=number))
        desk.ingest_well()
    assert deleted(desk) == ["2"]


# --- keys and words -----------------------------------------------------------------------------------------


def read(desk: Helpdesk, columns: str = "conversation_id", entity: str = "conversations") -> list[Any]:
    """The good records of a run, of a single column its values."""
    desk.ingest_well()
    rows = desk.raw(entity, f"{columns}, _reasons")
    return [row[0] if len(row) == 2 else row[:-1] for row in rows if row[-1] is None]


def reasons(desk: Helpdesk) -> list[str]:
    return [row[3] for row in desk.quarantined()]


LOST = "conversation_id: neither text nor a whole number"


def test_ids_that_have_lost_digits_are_quarantined(tmp_path: Path) -> None:
    ids = ["1.23E+15", "1.23e+15", "1E+15", '"1,23E+15"', "12345678901234567890.0", "False", "15e781", "007", "6.00"]
    desk = desk_of(tmp_path)
    desk.deliver("t.csv", ("id,at,st\n" + "".join(f"{one},{AT},new\n" for one in ids)).encode())
    assert read(desk) == ["15e781", "007", "6"]
    assert reasons(desk) == [LOST] * 6


def test_ids_of_json_are_text_or_whole_numbers(tmp_path: Path) -> None:
    ids = ['{"a":1}', "[1]", "false", "9007199254740993.0", "12345678901234567890", "5.0", '"x"']
    desk = desk_of(tmp_path)
    desk.deliver("t.ndjson", "".join(f'{{"id":{one},"at":"{AT}","st":"new"}}\n' for one in ids).encode())
    assert read(desk) == ["12345678901234567890", "5", "x"]
    assert reasons(desk) == [LOST] * 4


def test_text_and_lists_of_json_are_no_objects(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, columns={"tags": "tags", "team": "team"})
    values = ['"tags":["a"],"team":"[1]"', '"tags":[{"n":"a"}],"team":"x"', '"team":{"id":1}', '"team":["x"]']
    desk.deliver("t.ndjson", "".join(f'{{"id":1,"at":"{AT}","st":"new",{one}}}\n' for one in values).encode())
    assert read(desk, "tags, team") == [(["a"], "[1]")]
    assert reasons(desk) == ["tags: no list of text", "team: no text", "team: no text"]


def test_parts_of_a_key_are_whole_numbers_too(tmp_path: Path) -> None:
    mapped = {"files": "*", "conversation_id": {"columns": ["brand", "id"], "joined_by": "-"}, "started_at": "at"}
    desk = Helpdesk(tmp_path, {"conversations": mapped})
    desk.deliver("t.csv", f"brand,id,at\nx,5000.0,{AT}\nx,5001,{AT}\n".encode())
    assert read(desk) == ["x-5000", "x-5001"]


@pytest.mark.parametrize("word", ["Re\u0301solu", "RÉSOLU", "\u00a0résolu "])
def test_words_are_compared_however_their_accents_are_written(tmp_path: Path, word: str) -> None:
    status = {"column": "st", "values": {"Résolu": "closed"}}
    mapped = {"files": "*", "columns": {"conversation_id": "id", "started_at": "at", "status": status}}
    desk = Helpdesk(tmp_path, {"conversations": mapped})
    desk.deliver("t.csv", f"id,at,st\n1,{AT},{word}\n".encode())
    assert read(desk, "status") == ["closed"]


def test_a_word_that_means_nothing_is_missing(tmp_path: Path) -> None:
    status = {"column": "st", "values": {"Öffentlich": "", "İPTAL": "closed"}}
    mapped = {"files": "*", "columns": {"conversation_id": "id", "started_at": "at", "status": status}}
    desk = Helpdesk(tmp_path, {"conversations": mapped})
    desk.deliver("t.csv", f"id,at,st\n1,{AT},öffentlich\n2,{AT},İptal\n".encode())
    assert read(desk, "status") == [None, "closed"]


def test_a_row_whose_later_key_is_a_word_for_missing_is_no_record_of_that(tmp_path: Path) -> None:
    who = {"files": "*", "agent_id": {"column": "who", "missing": ["-"]}}
    mapped = {"files": "*", **PLAIN}
    desk = Helpdesk(tmp_path, {"conversations": mapped, "agents": who})
    desk.deliver("t.csv", f"id,at,st,who\n1,{AT},x,-\n2,{AT},x,ana\n".encode())
    assert read(desk, "agent_id", "agents") == ["ana"]
    assert reasons(desk) == []


def test_a_column_that_is_needed_and_missing_refuses_the_file(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, needs=["Score"])
    desk.deliver("t.csv", f"id,at,st\n1,{AT},x\n".encode())
    assert "it has no column 'Score'" in desk.ingest().refusals[0]


def test_days_and_seconds_beyond_all_calendars(tmp_path: Path) -> None:
    at = {"column": "at", "format": ["excel", "epoch_us"], "timezone": "UTC"}
    desk = desk_of(tmp_path, columns={"started_at": at})
    texts = ["46024.375", "1e9", "99999999999999", "9223372036854775806", "-9223372036854775807", "nan", "inf"]
    desk.deliver("t.csv", ("id,at,st\n" + "".join(f"{one},{one},x\n" for one in texts)).encode())
    assert read(desk) == ["46024.375"], "of two formats that fit, the first counts"
    assert len(reasons(desk)) == 6


@pytest.mark.parametrize(
    ("column", "how", "words"),
    [
        ("status", {"column": "st", "values": {"Solved": "a", "SOLVED": "b"}}, "'SOLVED' stands there twice"),
        ("status", {"column": "st", "values": {"": "a"}}, "an empty text is a missing value"),
        ("status", {"constant": " "}, "an empty text is a missing value"),
        ("status", "tags[*].name", "'[*]' is for lists"),
        ("started_at", {"column": "at", "format": "%d/%m/%Y %I:%M", "timezone": "UTC"}, "'%I' needs '%p'"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused(tmp_path: Path, column: str, how: Any, words: str) -> None:
    with pytest.raises(SettingsError, match=words.replace("[*]", r"\[\*\]")):
        load_settings(desk_of(tmp_path, columns={column: how}).config)


def test_a_constant_that_is_no_word_is_refused(tmp_path: Path) -> None:
    mapped = {"files": "*", "columns": {"message_id": "id", "conversation_id": "c", "sent_at": "at"}}
    desk = Helpdesk(tmp_path, {"messages": {**mapped, "direction": {"constant": "sideways"}}})
    with pytest.raises(SettingsError, match="'sideways' is not one of inbound, outbound"):
        load_settings(desk.config)


@pytest.mark.parametrize("name", ["local_started_at", "raw_started_at", "json", "file_row_number"])
def test_columns_of_parquet_may_have_any_name(tmp_path: Path, name: str) -> None:
    at = {"column": "at", "timezone": "UTC"}
    desk = desk_of(tmp_path, columns={"started_at": at, "conversation_id": name})
    rows = f"select 7.0::double as {name}, timestamp '2026-11-02 09:00:00' as at, 'nan'::double as st"
    with duckdb.connect() as connection:
        connection.execute(f"copy ({rows}) to '{tmp_path}/rows.parquet' (format parquet)")
    desk.deliver("t.parquet", (tmp_path / "rows.parquet").read_bytes())
    assert read(desk, "conversation_id, started_at::timestamp, status") == [("7", datetime(2026, 11, 2, 9), None)]


def test_ids_of_parquet_are_text_or_whole_numbers(tmp_path: Path) -> None:
    desk = desk_of(tmp_path)
    ids = "[5.0, 1e16, 1.5e17]::double[]"
    rows = f"select unnest({ids}) as id, '{AT}' as at, 'x' as st"
    others = f"select {{'a': 1}} as id, '{AT}' as at, 'x' as st"
    with duckdb.connect() as connection:
        for number, query in enumerate((rows, others)):
            connection.execute(f"copy ({query}) to '{tmp_path}/rows.parquet' (format parquet)")
            desk.deliver(f"t{number}.parquet", (tmp_path / "rows.parquet").read_bytes())
    assert read(desk) == ["5"]
    assert reasons(desk) == [LOST] * 3


# --- forms --------------------------------------------------------------------------------------------------

ROW = f'{{"id":1,"at":"{AT}","st":"x"}}'


@pytest.mark.parametrize(
    ("content", "records", "words"),
    [
        (f'{{"data":{{"items":[{ROW}]}}}}', "data.rows", "1 of its 1 objects have no list at 'data.rows'"),
        (f'{{"data":{{"items":{ROW}}}}}', "data.items", "1 of its 1 objects have no list at 'data.items'"),
        ('{"error":"token expired"}', "items", "have no list at 'items': correct 'records'"),
        ('{"error":"token expired"}', None, "it has no column 'id'"),
        (json.dumps({"items": [{"id": 1}]}, indent=1), None, "it has no column 'id'"),
        (f"window.data = [{ROW}];", None, "it has no column 'id'"),
        (f"[{ROW},", None, "its list is cut off"),
        (f"[{ROW}\n", None, "its list is cut off"),
    ],
)
def test_json_in_which_no_record_is_found_is_refused(
    tmp_path: Path, content: str, records: str | None, words: str
) -> None:
    desk = desk_of(tmp_path, **({"records": records} if records else {}))
    desk.deliver("t.json", content.encode())
    assert words in "".join(desk.ingest().refusals)


def test_json_without_any_record_of_a_later_entity_is_read(tmp_path: Path) -> None:
    ratings = {"files": "*", "columns": {"rating_id": "score.id", "conversation_id": "id"}}
    desk = Helpdesk(tmp_path, {"conversations": {"files": "*", **PLAIN}, "ratings": ratings})
    desk.deliver("t.ndjson", ROW.encode())
    assert read(desk) == ["1"]


def test_a_page_of_json_without_its_list_is_named(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, records="items")
    desk.deliver("t.ndjson", f'{{"items":[{ROW}]}}\n{{"error":"timeout"}}\n{{"items":[]}}\n'.encode())
    assert any("1 of its 3 objects have no list at 'items'" in line for line in desk.ingest_well().warnings)


@pytest.mark.parametrize("content", ["[]", "", '{"items":[]}'])
def test_json_without_records_holds_none(tmp_path: Path, content: str) -> None:
    desk = desk_of(tmp_path, **({"records": "items"} if "items" in content else {}))
    desk.deliver("t.json", content.encode())
    assert [line.partition(": ")[2] for line in desk.ingest_well().warnings] == ["t.json holds no record"]


def test_a_path_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    paths = {"agent_id": "owner.idd", "team": "owner[0].id", "contact_id": "owner.id", "tags": "tags[*].nme"}
    desk = desk_of(tmp_path, columns=paths)
    record = {"id": 1, "at": AT, "st": "x", "owner": {"id": 5}, "tags": [{"name": "a"}]}
    desk.deliver("t.ndjson", ("\ufeff" + json.dumps(record)).encode())
    desk.deliver("u.ndjson", json.dumps(record | {"owner": None, "tags": []}).encode())
    (line,) = (line for line in desk.ingest_well().warnings if "no column" in line)
    assert "it has no column 'owner.idd' and no column 'owner[0].id' and no column 'tags[*].nme'" in line


def test_what_is_not_the_encoding_that_was_said_is_counted(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, encoding="ascii")
    desk.deliver("t.csv", f"id,at,st\n1,{AT},né\n".encode())
    (line,) = desk.ingest_well().warnings
    assert "2 characters of t.csv cannot be read as ascii" in line


# --- workbooks ----------------------------------------------------------------------------------------------


def edited(rows: Sequence[Sequence[Any]], part: str, before: bytes, after: bytes) -> bytes:
    """A workbook in whose part a text was replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(rows))) as book, zipfile.ZipFile(out, "w") as target:
        for name in book.namelist():
            content = book.read(name)
            assert name != part or before in content
            target.writestr(name, content.replace(before, after) if name == part else content)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
WHEN = datetime(2026, 11, 2, 9)


def desk_of_workbooks(folder: Path) -> Helpdesk:
    return desk_of(folder, columns={"started_at": {"column": "at", "timezone": "UTC"}})


@pytest.mark.parametrize("dimension", [b"A1", b"A1:B2", b"A1:XFD1048576", b"C3:D4"])
def test_the_size_that_a_sheet_claims_does_not_count(tmp_path: Path, dimension: bytes) -> None:
    rows = [["id", "at", "st"], *([str(number), WHEN, "x"] for number in range(5))]
    desk = desk_of_workbooks(tmp_path)
    desk.deliver("t.xlsx", edited(rows, SHEET, b'ref="A1:C6"', b'ref="' + dimension + b'"'))
    assert read(desk, "conversation_id, status") == [(str(number), "x") for number in range(5)]


def test_errors_in_cells_are_missing_and_counted(tmp_path: Path) -> None:
    desk = desk_of_workbooks(tmp_path)
    desk.deliver("t.xlsx", workbook([["id", "at", "st"], ["1", WHEN, "#N/A"], ["#REF!", WHEN, "x"]]))
    report = desk.ingest_well()
    assert desk.raw("conversations", "conversation_id, status") == [("1", None), (None, "x")]
    assert "2 cells of t.xlsx hold errors such as #N/A" in report.warnings[0]


def test_a_formula_that_gave_an_empty_text_was_computed(tmp_path: Path) -> None:
    rows = [["id", "at", "st"], ["1", WHEN, "=IF(A2,B2)"], ["2", WHEN, "x"]]
    cell = b'<c r="C2"><f>IF(A2,B2)</f><v /></c>'
    desk = desk_of_workbooks(tmp_path)
    desk.deliver("t.xlsx", edited(rows, SHEET, cell, cell.replace(b'r="C2"', b'r="C2" t="str"')))
    assert read(desk, "conversation_id, status") == [("1", None), ("2", "x")]


def test_long_numbers_in_cells_have_lost_digits(tmp_path: Path) -> None:
    desk = desk_of_workbooks(tmp_path)
    rows = [["id", "at", "st"], [1.23456789012346e18, WHEN, "x"], [5000.0, WHEN, "x"]]
    desk.deliver("t.xlsx", workbook(rows))
    assert read(desk) == ["5000"]
    assert reasons(desk) == [LOST]


@pytest.mark.parametrize("after", [b"</sheetData></row>", b'<c r="?"', b'<row r="x">'])
def test_a_broken_workbook_is_refused_and_is_no_fault_of_the_program(tmp_path: Path, after: bytes) -> None:
    desk = desk_of_workbooks(tmp_path)
    desk.deliver("t.xlsx", edited([["id", "at", "st"], ["1", WHEN, "x"]], SHEET, b'<row r="2">', after))
    assert "t.xlsx: cannot be read: it is not a workbook" in desk.ingest().refusals[0]


def test_rows_of_another_sheet_are_records_of_its_entity(tmp_path: Path) -> None:
    """So one without a key is quarantined, and not taken for a row of something else."""
    book = Workbook()
    for row in (["id", "at", "st"], ["1", AT, "x"]):
        book.active.append(row)
    for row in (["who", "name"], ["ana", "Ana"], [None, "Bo"]):
        (book["People"] if "People" in book.sheetnames else book.create_sheet("People")).append(row)
    out = io.BytesIO()
    book.save(out)
    agents = {"files": "*", "sheet": "People", "columns": {"agent_id": "who", "name": "name"}}
    desk = Helpdesk(tmp_path, {"conversations": {"files": "*", "sheet": "Sheet", **PLAIN}, "agents": agents})
    desk.deliver("t.xlsx", out.getvalue())
    assert read(desk, "agent_id", "agents") == ["ana"]
    assert reasons(desk) == ["agent_id: missing"]


# --- deliveries ---------------------------------------------------------------------------------------------


def test_a_refused_file_says_how_a_corrected_one_takes_its_place(tmp_path: Path) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS})
    desk.deliver("tickets.csv", b"junk\n1\n", LATER)
    (reason,) = desk.ingest().refusals
    batch = reason.split(" ")[1].rstrip(":")
    assert reason.endswith(f"set this one aside: causerie reject desk {batch} --reason ...")
    desk.deliver("tickets.csv", of("1"), LATER + timedelta(hours=1))
    reject(load_settings(desk.config), "desk", batch, "corrected", datetime.now(UTC))
    assert read(desk) == ["1"]


def test_a_refused_file_that_is_corrected_under_the_same_time_is_read_again(tmp_path: Path) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS}, **SNAPSHOT)
    desk.deliver("tickets.csv", b"junk\n1\n", LATER)
    assert desk.ingest().refusals
    desk.deliver("tickets.csv", of("1"), LATER)
    assert read(desk) == ["1"]


def test_a_file_that_vanishes_is_named_and_refuses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Helpdesk(tmp_path, {"conversations": TICKETS})
    desk.deliver("tickets-1.csv", of("1"), LATER)
    desk.deliver("tickets-2.csv", of("2"), LATER + timedelta(hours=1))
    land = files._land_dump

    def after_it_vanished(source: Any, dump: files.Dump, target: Path) -> None:
        (desk.dumps / "tickets-1.csv").unlink(missing_ok=True)
        land(source, dump, target)

    monkeypatch.setattr(files, "_land_dump", after_it_vanished)
    report = desk.ingest_well()
    assert report.warnings[0] == "desk: tickets-1.csv has left the folder and is not read"
    assert [entry.batch[24:] for entry in report.entries] == ["tickets-2.csv"]


@pytest.mark.parametrize("name", ["manifest.json", "t\n.csv", "t\\.csv", f"{'t' * 230}.csv"])
def test_a_name_that_landing_cannot_hold_is_named(tmp_path: Path, name: str) -> None:
    desk = desk_of(tmp_path)
    desk.deliver(name, f"id,at,st\n1,{AT},x\n".encode())
    desk.deliver("u.csv", f"id,at,st\n2,{AT},x\n".encode())
    assert "is not read: give it another name" in desk.ingest().warnings[0]
    assert desk.raw("conversations", "conversation_id") == [("2",)]


# --- archives and separated text ----------------------------------------------------------------------------

CSV = f"id,at,st\n1,{AT},x\n".encode()


def test_what_an_archive_holds_besides_is_named(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, files="t*")
    desk.deliver("a.zip", archive({"t.csv": CSV, "t2.zip": archive({"t.csv": CSV}), "t.dat": CSV}))
    assert any("a.zip: no mapping reads t2.zip, t.dat" in line for line in desk.ingest_well().warnings)


def test_a_name_in_an_archive_may_be_longer_than_the_machine_allows(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, files="t*")
    desk.deliver("a.zip", archive({f"t{'x' * 300}.{'y' * 300}.csv": CSV, "t.csv.gz": gzip.compress(CSV)}))
    assert read(desk) == ["1", "1"]


def test_an_archive_that_is_not_whole_is_named(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, files="t*.csv")
    desk.deliver("a.zip", archive({"t.csv": CSV})[:-30])
    assert desk.ingest_well().warnings == ["desk: a.zip is not read: it is not a whole ZIP file; deliver it again"]


@pytest.mark.parametrize("lines", [100, 200_000], ids=["short", "longer than a record may be"])
def test_a_quote_that_is_never_closed_refuses_the_file(tmp_path: Path, lines: int) -> None:
    """Else all after it would be one malformed record, and a snapshot would lack it."""
    desk = desk_of(tmp_path, files="t*.csv")
    rows = "".join(f"{number},{AT},{QUOTE if number == 7 else ''}x\n" for number in range(lines))
    desk.deliver("t.csv", f"id,at,st\n{rows}".encode())
    assert "a quote opens in line 9 and is never closed" in desk.ingest().refusals[0]


@pytest.mark.parametrize(("name", "written"), [("ID ", '"ID "'), ("id\u00a0", r'"id\u00a0"')])
def test_a_column_whose_name_is_written_otherwise_is_named(tmp_path: Path, name: str, written: str) -> None:
    desk = desk_of(tmp_path)
    desk.deliver("t.csv", CSV.decode().replace("id", name, 1).encode())
    assert f"blanks, case and the encoding of accents count: write {written}" in desk.ingest().refusals[0]


def test_rows_of_delimiters_only_are_no_records_and_the_lines_of_others_stay(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, files="t*.csv")
    desk.deliver("t.csv", CSV + f",,\n , ,\n2,,y\n3,{AT},z\n,,\n".encode())
    assert read(desk) == ["1", "3"]
    assert [row[2:4] for row in desk.quarantined()] == [(5, "started_at: missing")]
