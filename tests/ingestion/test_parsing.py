"""One file to typed records: formats, types, and what is quarantined with which line and reason."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.parsing.files import BadRecord, LandedFile, entity_of
from ingestion.parsing.parser import connect, parse_carefully, parse_files
from ingestion.parsing.readers import UnreadableFileError
from tests.drops import (
    EXTRACTED_AT,
    Row,
    agent,
    contact,
    content_of,
    conversation,
    event,
    flow_run,
    message,
    packed,
    rating,
)
from tests.examples import examples

DATA = Path(__file__).parent / "data"
BOM = b"\xef\xbb\xbf"
FORMATS = ["ndjson", "csv", "parquet"]
ROWS: dict[str, Callable[..., Row]] = {
    "conversations": conversation,
    "messages": message,
    "contacts": contact,
    "agents": agent,
    "events": event,
    "ratings": rating,
    "flow_runs": flow_run,
}
REQUIRED = {
    "conversations": ["conversation_id", "started_at"],
    "messages": ["message_id", "conversation_id", "sent_at", "direction"],
    "contacts": ["contact_id"],
    "agents": ["agent_id"],
    "events": ["event_id", "conversation_id", "type", "occurred_at"],
    "ratings": ["rating_id", "conversation_id"],
    "flow_runs": ["flow_run_id", "flow_id", "started_at", "status"],
}
WITH_DELETIONS = ["conversations", "messages", "contacts", "flow_runs"]


@dataclass
class Parsed:
    """A parsed file: every record as its columns that hold something, and the quarantined ones."""

    records: int
    rows: list[Row]
    bad: list[BadRecord]

    @property
    def good(self) -> list[Row]:
        return [row for row in self.rows if "_reasons" not in row]

    @property
    def reasons(self) -> dict[int, str]:
        """By line."""
        return {bad.line: bad.reasons for bad in self.bad}

    def column(self, name: str) -> list[Any]:
        return [row.get(name) for row in self.rows]


Parse = Callable[..., Parsed]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect() as connection:
        connection.execute("set threads = 4")  # DuckDB reads some files otherwise with one thread
        yield connection


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """New folders: within a second, DuckDB may take a file for an older one of its name, size and time."""
    base = tmp_path_factory.mktemp("parsing")

    def numbered() -> Iterator[Path]:
        for number in count():
            (base / str(number)).mkdir()
            yield base / str(number)

    return numbered()


@pytest.fixture(scope="module")
def parse(connection: duckdb.DuckDBPyConnection, folders: Iterator[Path]) -> Parse:
    def parse(
        name: str, content: bytes, *, extracted_at: str = EXTRACTED_AT, rating_scale: tuple[int, int] = (1, 5)
    ) -> Parsed:
        folder = next(folders)
        path, target = folder / name, folder / "raw"
        path.write_bytes(content)
        at = datetime.fromisoformat(extracted_at)
        careful = parse_carefully(connection, LandedFile(path, "acme", "b1", at, 0), target, rating_scale)
        rows = read_raw(connection, target)
        file = LandedFile(path, "acme", "b1", at, careful.records)
        (quick,) = parse_files(connection, [file], target, rating_scale)
        assert (quick, read_raw(connection, target)) == (careful, rows), "read quickly as carefully"
        assert set(folder.iterdir()) == {path, target}, "no scratch file stays"
        for row in rows:
            assert (row.pop("source_system"), row.pop("_batch"), row.pop("_file")) == ("acme", "b1", name)
        assert careful.records == len(rows), "every record is kept, the bad ones too"
        assert len(careful.bad) == sum("_reasons" in row for row in rows)
        return Parsed(careful.records, rows, careful.bad)

    return parse


def read_raw(connection: duckdb.DuckDBPyConnection, target: Path) -> list[Row]:
    """The rows of a parsed file, in their order, each with what it holds."""
    cursor = connection.execute(f"from read_parquet('{target}')")
    names = [column[0] for column in cursor.description]
    assert names[-4:] == ["source_system", "_batch", "_file", "_reasons"]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def ndjson(*rows: Row | str) -> bytes:
    return "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows).encode()


# --- formats


@pytest.mark.parametrize("gz", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("file_format", FORMATS)
class TestFormats:
    """The same records from every format, plain and packed."""

    def parse(self, parse: Parse, entity: str, rows: list[Row], file_format: str, gz: bool) -> Parsed:
        name = f"{entity}-0001.{file_format}" + (".gz" if gz else "")
        return parse(name, packed(content_of(rows, file_format), gz))

    def test_every_type(self, parse: Parse, file_format: str, gz: bool) -> None:
        rows = [
            conversation(
                "c1",
                contact_id="k1",
                channel="whatsapp",
                team='é, "quoted"\nand on a second line',
                source="FLOW",
                closed_at="2026-01-02T10:00:00.123456+01:00",
                tags=["vip", "été"],
                updated_at="2026-01-02 10:00:01Z",
                deleted=False,
            ),
            conversation("c2", tags=["a"], deleted=True),
        ]
        parsed = self.parse(parse, "conversations", rows, file_format, gz)
        assert parsed.bad == []
        assert parsed.rows == [
            {
                "conversation_id": "c1",
                "started_at": datetime(2026, 1, 2, 8, tzinfo=UTC),
                "contact_id": "k1",
                "channel": "whatsapp",
                "team": 'é, "quoted"\nand on a second line',
                "source": "FLOW",
                "closed_at": datetime(2026, 1, 2, 9, 0, 0, 123456, tzinfo=UTC),
                "tags": ["vip", "été"],
                "updated_at": datetime(2026, 1, 2, 10, 0, 1, tzinfo=UTC),
                "deleted": False,
            },
            {
                "conversation_id": "c2",
                "started_at": datetime(2026, 1, 2, 8, tzinfo=UTC),
                "tags": ["a"],
                "deleted": True,
            },
        ]

    def test_no_record(self, parse: Parse, file_format: str, gz: bool) -> None:
        content = content_of([], file_format, list(message()))
        assert parse(f"messages.{file_format}" + ".gz" * gz, packed(content, gz)).records == 0

    def test_whole_numbers_are_ids(self, parse: Parse, file_format: str, gz: bool) -> None:
        rows = [message(1, 10, agent_id=7), message(2**62, 10, agent_id=None)]
        parsed = self.parse(parse, "messages", rows, file_format, gz)
        assert parsed.bad == []
        assert parsed.column("message_id") == ["1", str(2**62)]
        assert parsed.column("conversation_id") == ["10", "10"]
        assert parsed.column("agent_id") == ["7", None]

    def test_an_empty_text_is_a_missing_value(self, parse: Parse, file_format: str, gz: bool) -> None:
        rows = [
            contact("k1", name="", tags="", updated_at="", deleted=""),
            contact("", name="Zoé"),
        ]
        parsed = self.parse(parse, "contacts", rows, file_format, gz)
        assert parsed.rows[0] == {"contact_id": "k1"}
        assert [bad.reasons for bad in parsed.bad] == ["contact_id: missing"]

    def test_unknown_columns_are_ignored(self, parse: Parse, file_format: str, gz: bool) -> None:
        rows = [{"AGENT": "other", 'a b"c': "x", **agent("a1", active=True), "deleted": True, "it's": ["y"]}]
        parsed = self.parse(parse, "agents", rows, file_format, gz)
        assert parsed.rows == [{"agent_id": "a1", "active": True}]

    def test_an_unknown_column_leaves_its_record_readable_in_quarantine(
        self, parse: Parse, file_format: str, gz: bool
    ) -> None:
        parsed = self.parse(parse, "agents", [{"agent_id": "a1"}, {"agent_id": "", "note": "seven"}], file_format, gz)
        (bad,) = parsed.bad
        assert "seven" in bad.record
        assert bad.line == (3 if file_format == "csv" else 2)

    def test_the_line_of_each_bad_record(self, parse: Parse, file_format: str, gz: bool) -> None:
        rows = [message(f"m{n}", direction="sideways" if n in (0, 3, 4, 9) else "inbound") for n in range(10)]
        parsed = self.parse(parse, "messages", rows, file_format, gz)
        first = 2 if file_format == "csv" else 1  # a header is a line; in Parquet the row counts
        assert [bad.line for bad in parsed.bad] == [first, first + 3, first + 4, first + 9]
        assert all(f"m{bad.line - first}" in bad.record for bad in parsed.bad)


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("entity", ROWS)
def test_what_is_required_is_enough(parse: Parse, entity: str, file_format: str) -> None:
    parsed = parse(f"{entity}.{file_format}", content_of([ROWS[entity]()], file_format))
    assert parsed.bad == []
    assert [set(row) for row in parsed.rows] == [set(REQUIRED[entity])]


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\r\t"), min_size=1, max_size=8)
TAGS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=";"), min_size=1, max_size=8)


def instants() -> st.SearchStrategy[str]:
    """Moments up to 2025, as they may be written: any offset, T or a space, with or without a fraction."""

    def spelled(moment: datetime, offset: int, separator: str, style: str) -> str:
        local = moment.astimezone(timezone(timedelta(minutes=offset)))
        sign, hours, minutes = "-" if offset < 0 else "+", abs(offset) // 60, abs(offset) % 60
        zone = f"{sign}{hours:02d}:{minutes:02d}"
        if style == "basic":
            zone = zone.replace(":", "")
        elif style == "short" and minutes == 0:
            zone = zone[:3]
        elif style == "zulu" and offset == 0:
            zone = "Z"
        return local.replace(tzinfo=None).isoformat(separator) + zone

    return st.builds(
        spelled,
        st.datetimes(datetime(2000, 1, 2), datetime(2025, 12, 31)).map(lambda moment: moment.replace(tzinfo=UTC)),
        st.sampled_from([0, 60, -300, 330, 345, -570, 14 * 60, -12 * 60, 23 * 60 + 59, 1, -1]),
        st.sampled_from("T "),
        st.sampled_from(["colon", "basic", "short", "zulu"]),
    )


ANY_ROWS = st.lists(
    st.fixed_dictionaries(
        {"conversation_id": TEXTS, "started_at": instants()},
        optional={
            "contact_id": TEXTS,
            "channel": TEXTS,
            "status": TEXTS,
            "closed_at": instants(),
            "tags": st.lists(TAGS, min_size=1, max_size=3),
            "updated_at": instants(),
            "deleted": st.booleans(),
        },
    ),
    min_size=1,
    max_size=12,
)
QUICK = settings(max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.too_slow])


@QUICK
@given(rows=ANY_ROWS)
def test_the_formats_agree(parse: Parse, rows: list[Row]) -> None:
    parsed = [parse(f"conversations.{file_format}", content_of(rows, file_format)) for file_format in FORMATS]
    assert parsed[0].bad == []
    assert parsed[0].rows == parsed[1].rows == parsed[2].rows
    for row, raw in zip(rows, parsed[0].rows, strict=True):
        assert {name: value for name, value in row.items() if not name.endswith("_at")} == {
            name: value for name, value in raw.items() if not name.endswith("_at")
        }


@QUICK
@given(written=st.lists(instants(), min_size=1, max_size=50))
def test_an_instant_is_kept_to_the_microsecond_in_any_offset(parse: Parse, written: list[str]) -> None:
    parsed = parse("ratings.ndjson", ndjson(*(rating(asked_at=text) for text in written)))
    assert parsed.column("asked_at") == [datetime.fromisoformat(text) for text in written]


@pytest.mark.parametrize(
    ("name", "entity"),
    [
        ("messages.ndjson", "messages"),
        ("messages-0001.ndjson.gz", "messages"),
        ("agents.csv", "agents"),
        ("ratings-2026.csv.gz", "ratings"),
        ("events.parquet", "events"),
        ("contacts-a.parquet.gz", "contacts"),
        ("flow_runs.ndjson", "flow_runs"),
        ("Flow_Runs-0001.csv.gz", "flow_runs"),
        ("flow_runs2026.parquet", "flow_runs"),
        ("flows.ndjson", None),
        ("flow_run.ndjson", None),
        ("notes.ndjson", None),
        ("messages.xlsx", None),
        ("messages.ndjson.zip", None),
        ("messages", None),
        ("README.md", None),
    ],
)
def test_the_name_of_a_file_tells_what_it_holds(name: str, entity: str | None) -> None:
    found = entity_of(name)
    assert (found.name if found else None) == entity


# --- types


NO_ID = "agent_id: neither text nor a whole number"
NO_OFFSET, NO_INSTANT = "asked_at: an instant without an offset", "asked_at: no instant"
Written = dict[str, tuple[str, Any]]
"""By what it is about: a value as JSON writes it, and what is expected."""


def values(parse: Parse, cases: Written, entity: str, column: str) -> None:
    """Each case is the value of a column in a record of its own; the expected value must come out, and nothing bad."""
    parsed = parse(f"{entity}.ndjson", records(cases, entity, column))
    assert parsed.bad == []
    assert dict(zip(cases, parsed.column(column), strict=True)) == {
        name: expected for name, (_, expected) in cases.items()
    }


def reasons(parse: Parse, cases: Written, entity: str, column: str) -> None:
    """Each case is the value of a column in a record of its own, quarantined with the expected reason."""
    parsed = parse(f"{entity}.ndjson", records(cases, entity, column))
    found = {name: parsed.reasons.get(line) for line, name in enumerate(cases, start=1)}
    assert found == {name: reason for name, (_, reason) in cases.items()}


def records(cases: Written, entity: str, column: str) -> bytes:
    row = {**ROWS[entity](), column: 0}
    others = {name: value for name, value in row.items() if name != column}
    return b"".join(
        json.dumps(others)[:-1].encode() + f'{", " * bool(others)}"{column}": {written}}}\n'.encode()
        for written, _ in cases.values()
    )


def test_ids(parse: Parse) -> None:
    cases: Written = {
        "text": ('"a1"', "a1"),
        "text of digits": ('"007"', "007"),
        "text of a number": ('"5.0"', "5.0"),
        "text with blanks": ('" a "', " a "),
        "text of a word": ('"true"', "true"),
        "text with a bracket": ('"[1"', "[1"),
        "text with escapes": ('"é\\u00e9\\n"', "éé\n"),
        "number": ("5", "5"),
        "negative": ("-3", "-3"),
        "5.0": ("5.0", "5"),
        "1e2": ("1e2", "100"),
        "past what a double holds": ("9007199254740993", "9007199254740993"),
        "past 64 bits": ("18446744073709551616", "18446744073709551616"),
        "huge": ("12345678901234567890123", "12345678901234567890123"),
    }
    values(parse, cases, "agents", "agent_id")


def test_no_ids(parse: Parse) -> None:
    cases: Written = {
        "1.5": ("1.5", NO_ID),
        "boolean": ("true", NO_ID),
        "list": ("[1]", NO_ID),
        "object": ('{"id": 1}', NO_ID),
        "a fraction beyond a double": ("9007199254740993.0", NO_ID),
        "null": ("null", "agent_id: missing"),
        "empty": ('""', "agent_id: missing"),
    }
    reasons(parse, cases, "agents", "agent_id")


def test_texts(parse: Parse) -> None:
    cases: Written = {
        "text": ('"Zoé"', "Zoé"),
        "blank": ('" "', " "),
        "the word null": ('"null"', "null"),
        "text with a brace": ('"{x"', "{x"),
        "number": ("5", "5"),
        "fraction": ("1.5", "1.5"),
        "null": ("null", None),
        "empty": ('""', None),
    }
    values(parse, cases, "agents", "name")


def test_no_texts(parse: Parse) -> None:
    bad = "name: no text"
    reasons(parse, {"boolean": ("true", bad), "object": ('{"a": 1}', bad), "list": ('["a"]', bad)}, "agents", "name")


def test_lists(parse: Parse) -> None:
    cases: Written = {
        "empty": ("[]", []),
        "texts": ('["a", "b"]', ["a", "b"]),
        "as they came": ('["a;b", "", " c "]', ["a;b", "", " c "]),
        "numbers": ("[1, 2]", ["1", "2"]),
        "null": ("null", None),
        "empty text": ('""', None),
    }
    values(parse, cases, "contacts", "tags")


def test_no_lists(parse: Parse) -> None:
    wrong = ['"a;b"', '"[]"', "5", "true", '{"a": 1}', '[["a"]]', '[{"a": 1}]', "[true]"]
    reasons(parse, {written: (written, "tags: no list of text") for written in wrong}, "contacts", "tags")


def test_lists_of_csv_are_separated_by_semicolons(parse: Parse) -> None:
    parsed = parse("contacts.csv", b'contact_id,tags\n1,a;b\n2,\n3,"a, b;c"\n4," a ;; b"\n5,""\n')
    assert parsed.column("tags") == [["a", "b"], None, ["a, b", "c"], [" a ", "", " b"], None]


def test_booleans(parse: Parse) -> None:
    cases: Written = {
        "true": ("true", True),
        "false": ("false", False),
        "text": ('"true"', True),
        "text in capitals": ('" FALSE "', False),
        "1": ("1", True),
        "0": ("0", False),
        "null": ("null", None),
        "empty": ('""', None),
    }
    values(parse, cases, "agents", "active")


def test_no_booleans(parse: Parse) -> None:
    wrong = ['"no"', '"t"', "2", "[]", "{}"]
    reasons(parse, {written: (written, "active: neither true nor false") for written in wrong}, "agents", "active")


def test_ratings(parse: Parse) -> None:
    cases: Written = {
        "best": ("5", 5),
        "worst": ("1", 1),
        "5.0": ("5.0", 5),
        "text": ('"4"', 4),
        "text with blanks": ('" 4 "', 4),
        "null": ("null", None),
        "empty": ('""', None),
    }
    values(parse, cases, "ratings", "rating")


def test_no_ratings(parse: Parse) -> None:
    wrong = ["1.5", '"five"', "true", "[5]", '"nan"', "1e10"]
    reasons(parse, {written: (written, "rating: no whole number") for written in wrong}, "ratings", "rating")


@pytest.mark.parametrize("file_format", ["ndjson", "csv"])
def test_instants(parse: Parse, file_format: str) -> None:
    cases = {
        "2026-01-02T09:00:00+01:00": "2026-01-02T08:00:00+00:00",
        "2026-01-02T09:00:00Z": "2026-01-02T09:00:00+00:00",
        "2026-01-02t09:00:00z": "2026-01-02T09:00:00+00:00",
        "2026-01-02 09:00:00+01:00": "2026-01-02T08:00:00+00:00",
        "2026-01-02T09:00:00+0100": "2026-01-02T08:00:00+00:00",
        "2026-01-02T09:00:00+01": "2026-01-02T08:00:00+00:00",
        "2026-01-02T09:00:00-00:30": "2026-01-02T09:30:00+00:00",
        "2026-01-02T09:00:00.5Z": "2026-01-02T09:00:00.500000+00:00",
        "2026-01-02T09:00:00.1234569Z": "2026-01-02T09:00:00.123456+00:00",
        " 2026-01-02T09:00:00Z ": "2026-01-02T09:00:00+00:00",
    }
    parsed = parse(f"ratings.{file_format}", content_of([rating(asked_at=written) for written in cases], file_format))
    found = dict(zip(cases, parsed.column("asked_at"), strict=True))
    assert found == {written: datetime.fromisoformat(expected) for written, expected in cases.items()}


@pytest.mark.parametrize("file_format", ["ndjson", "csv"])
def test_no_instants(parse: Parse, file_format: str) -> None:
    cases: dict[object, str] = {
        "2026-01-02T09:00:00": NO_OFFSET,
        "2026-01-02 09:00:00.123456": NO_OFFSET,
        "2026-01-02": NO_OFFSET,
        "2026-02-30T09:00:00Z": NO_INSTANT,
        "2026-01-02T25:00:00Z": NO_INSTANT,
        "2026-01-02T09:00:00+25:00": NO_INSTANT,
        "2026-01-02T09:00:00 Europe/Paris": NO_INSTANT,
        "02/01/2026 09:00": NO_INSTANT,
        "1767344400": NO_INSTANT,
        1767344400: NO_INSTANT,
        "now": NO_INSTANT,
        "infinity": NO_INSTANT,
        " ": NO_INSTANT,
    }
    parsed = parse(f"ratings.{file_format}", content_of([rating(asked_at=written) for written in cases], file_format))
    found = dict(zip(cases, [bad.reasons for bad in parsed.bad], strict=True))
    assert found == cases


@pytest.mark.parametrize(
    ("scale", "good", "bad"),
    [((1, 5), [1, 5], [0, 6, -1]), ((0, 10), [0, 10], [-1, 11]), ((-2, 2), [-2, 0, 2], [-3, 3])],
    ids=["1 to 5", "0 to 10", "around nought"],
)
@pytest.mark.parametrize("file_format", FORMATS)
def test_a_rating_outside_the_scale(
    parse: Parse, file_format: str, scale: tuple[int, int], good: list[int], bad: list[int]
) -> None:
    rows = [rating(rating=score) for score in good + bad]
    parsed = parse(f"ratings.{file_format}", content_of(rows, file_format), rating_scale=scale)
    assert [row["rating"] for row in parsed.good] == good
    assert [found.reasons for found in parsed.bad] == [f"rating: outside the scale {scale[0]} to {scale[1]}"] * len(bad)


# --- what a record must have


@pytest.mark.parametrize(
    ("entity", "column"), [(entity, column) for entity, columns in REQUIRED.items() for column in columns]
)
def test_a_missing_required_value(parse: Parse, entity: str, column: str) -> None:
    good = ROWS[entity]()
    absent = {name: value for name, value in good.items() if name != column}
    parsed = parse(f"{entity}.ndjson", ndjson(good, {**good, column: None}, {**good, column: ""}, absent))
    assert parsed.reasons == dict.fromkeys([2, 3, 4], f"{column}: missing")


def test_every_reason_against_a_record_is_told(parse: Parse) -> None:
    row = message(None, sent_at="2026-01-02T09:00:00", direction="sideways", private="perhaps")
    assert parse("messages.ndjson", ndjson(row)).reasons == {
        1: "message_id: missing; sent_at: an instant without an offset;"
        " direction: none of inbound or outbound; private: neither true nor false"
    }


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("entity", WITH_DELETIONS)
def test_a_deleted_row_needs_only_its_key(parse: Parse, entity: str, file_format: str) -> None:
    key = REQUIRED[entity][0]
    rows = [{**ROWS[entity](), "deleted": False}, {key: "x", "deleted": True}]
    parsed = parse(f"{entity}.{file_format}", content_of(rows, file_format))
    assert parsed.bad == []
    assert parsed.rows[1] == {key: "x", "deleted": True}


@pytest.mark.parametrize("entity", WITH_DELETIONS)
def test_a_deleted_row_needs_its_key(parse: Parse, entity: str) -> None:
    key = REQUIRED[entity][0]
    parsed = parse(f"{entity}.ndjson", ndjson({**ROWS[entity](), key: None, "deleted": True}))
    assert parsed.reasons == {1: f"{key}: missing"}


def test_a_deleted_row_has_no_wrong_values(parse: Parse) -> None:
    wrong = {
        "sent_at: no instant": {"sent_at": "yesterday"},
        "sent_at: an instant without an offset": {"sent_at": "2026-01-02T09:00:00"},
        "private: neither true nor false": {"private": "perhaps"},
        "direction: none of inbound or outbound": {"direction": "sideways"},
        "sent_at: later than the extraction of its batch": {"sent_at": "2027-01-01T00:00:00Z"},
    }
    parsed = parse("messages.ndjson", ndjson(*({"message_id": 1, "deleted": True, **row} for row in wrong.values())))
    assert list(parsed.reasons.values()) == list(wrong)


def test_a_row_that_is_not_deleted_needs_everything(parse: Parse) -> None:
    rows = [{"conversation_id": "c1", "deleted": value} for value in (False, None, "", "0")] + [
        {"conversation_id": "c1"}
    ]
    parsed = parse("conversations.ndjson", ndjson(*rows))
    assert list(parsed.reasons.values()) == ["started_at: missing"] * 5


def test_an_unclear_deletion_is_none(parse: Parse) -> None:
    parsed = parse("conversations.ndjson", ndjson({"conversation_id": "c1", "deleted": "perhaps"}))
    assert parsed.reasons == {1: "started_at: missing; deleted: neither true nor false"}


@pytest.mark.parametrize("entity", ["events", "ratings"])
def test_without_the_column_nothing_can_be_deleted(parse: Parse, entity: str) -> None:
    key = REQUIRED[entity][0]
    assert "conversation_id: missing" in parse(f"{entity}.ndjson", ndjson({key: "x", "deleted": True})).reasons[1]


AT = "2026-01-05T02:00:00.250000+01:00"
HAPPENED = [
    ("conversations", "started_at"),
    ("messages", "sent_at"),
    ("events", "occurred_at"),
    ("ratings", "answered_at"),
    ("conversations", "closed_at"),
    ("ratings", "asked_at"),
    ("flow_runs", "started_at"),
    ("flow_runs", "ended_at"),
    ("messages", "updated_at"),
    ("agents", "updated_at"),
]


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize(("entity", "column"), HAPPENED)
def test_what_happened_is_not_later_than_its_extraction(
    parse: Parse, entity: str, column: str, file_format: str
) -> None:
    """Five minutes are allowed, and a microsecond more is not."""
    latest = datetime.fromisoformat(AT).astimezone(UTC) + timedelta(minutes=5)
    moments = [latest, latest + timedelta(microseconds=1), latest + timedelta(days=400), latest - timedelta(days=1)]
    rows = [ROWS[entity](**{column: moment.isoformat()}) for moment in moments]
    parsed = parse(f"{entity}.{file_format}", content_of(rows, file_format), extracted_at=AT)
    assert [row[column] for row in parsed.good] == [moments[0], moments[3]]
    assert [bad.reasons for bad in parsed.bad] == [f"{column}: later than the extraction of its batch"] * 2


ZEROS = ["0001-01-01T00:00:00Z", "1899-12-30T00:00:00Z", "1970-01-01T00:00:00Z", "1999-12-31T23:59:59.999999Z"]
EARLY = "before 2000-01-01 00:00 UTC, the earliest that is believed"


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize(("entity", "column"), [one for one in HAPPENED if one[1] != "updated_at"])
def test_a_date_before_all_others_is_none(parse: Parse, entity: str, column: str, file_format: str) -> None:
    rows = [ROWS[entity](**{column: moment}) for moment in (*ZEROS, "2000-01-01T01:00:00+01:00")]
    parsed = parse(f"{entity}.{file_format}", content_of(rows, file_format))
    assert [row[column] for row in parsed.good] == [datetime(2000, 1, 1, tzinfo=UTC)]
    assert [bad.reasons for bad in parsed.bad] == [f"{column}: {EARLY}"] * 4


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("entity", ["conversations", "messages", "contacts", "agents", "ratings"])
def test_a_change_before_all_others_is_missing(parse: Parse, entity: str, file_format: str) -> None:
    rows = [ROWS[entity](updated_at=moment) for moment in (*ZEROS, "2000-01-01T00:00:00Z")]
    parsed = parse(f"{entity}.{file_format}", content_of(rows, file_format))
    assert parsed.bad == []
    assert [row.get("updated_at") for row in parsed.good] == [None] * 4 + [datetime(2000, 1, 1, tzinfo=UTC)]


@pytest.mark.parametrize("file_format", FORMATS)
def test_directions_are_compared_trimmed_and_without_case(parse: Parse, file_format: str) -> None:
    words = ["inbound", "OUTBOUND", " Inbound ", "\toutbound\n", "outbound\u00a0", "in", "inbound.", " "]
    rows = [message(direction=word) for word in words]
    parsed = parse(f"messages.{file_format}", content_of(rows, file_format))
    assert len(parsed.good) == 5
    assert [bad.reasons for bad in parsed.bad] == ["direction: none of inbound or outbound"] * 3


def test_other_words_may_be_anything(parse: Parse) -> None:
    row = message(sender_type="robot", origin="pigeon", type="song", status="lost")
    assert parse("messages.ndjson", ndjson(row)).bad == []
    assert parse("flow_runs.ndjson", ndjson(flow_run(status="lost", direction="sideways"))).bad == []


@pytest.mark.parametrize("name", ["Agent_ID", "AGENT_ID", " agent_id"])
def test_a_column_of_almost_the_same_name_is_unknown(parse: Parse, name: str) -> None:
    parsed = parse("agents.ndjson", ndjson({name: "other", "agent_id": "a1", "Name": "Zoé"}, {name: "other"}))
    assert parsed.good == [{"agent_id": "a1"}]
    assert parsed.reasons == {2: "agent_id: missing"}


# --- malformed NDJSON


@pytest.mark.parametrize(
    ("content", "ids", "lines"),
    [
        pytest.param(b'{"agent_id":1}\n{"agent_id":\n{"agent_id":3}\n', ["1", None, "3"], [2], id="torn"),
        pytest.param(b'{"agent_id":1}\n\n   \n\t\n{"agent_id":\n', ["1", None], [5], id="blank lines"),
        pytest.param(b'{"agent_id":1}\r\n\r\n{"agent_id":\r\n{"agent_id":4}\r\n', ["1", None, "4"], [3], id="CRLF"),
        pytest.param(BOM + b'{"agent_id":1}\n{"agent_id":\n', ["1", None], [2], id="byte order mark"),
        pytest.param(BOM + b'{"agent_id":\n{"agent_id":2}\n', [None, "2"], [1], id="mark before a torn line"),
        pytest.param(b'{"agent_id":1}\n{"agent_id":2', ["1", None], [2], id="torn at the end"),
        pytest.param(b'{"agent_id":1}\n{"agent_id":2}', ["1", "2"], [], id="no line end at the end"),
        pytest.param(b' {"agent_id":1} \n{"agent_id":', ["1", None], [2], id="blanks around"),
        pytest.param(b'[1]\n5\n"x"\nnull\n{"agent_id":5}\n', [None] * 4 + ["5"], [1, 2, 3, 4], id="no object"),
        pytest.param(b'{"agent_id":1}{"agent_id":2}\n{"agent_id":3}\n', [None, "3"], [1], id="two in a line"),
        pytest.param(b'{"agent_id":1},\n{"agent_id":2}\n', [None, "2"], [1], id="a comma behind"),
        pytest.param(b"{'agent_id':1}\n{agent_id:1}\n", [None, None], [1, 2], id="not quite JSON"),
        pytest.param(b'{"agent_id":"\\ud800"}\n{"agent_id":2}\n', [None, "2"], [1], id="half of a character"),
        pytest.param(b"\n\n", [], [], id="nothing but line ends"),
        pytest.param(BOM, [], [], id="nothing but a mark"),
    ],
)
def test_malformed_json(parse: Parse, content: bytes, ids: list[str | None], lines: list[int]) -> None:
    parsed = parse("agents.ndjson", content)
    assert parsed.column("agent_id") == ids
    assert parsed.reasons == dict.fromkeys(lines, "malformed record")


def test_malformed_json_that_is_packed(parse: Parse) -> None:
    parsed = parse("agents.ndjson.gz", packed(BOM + b'{"agent_id":1}\r\n\r\n{"agent_id":\r\n{"agent_id":4}\r\n'))
    assert parsed.column("agent_id") == ["1", None, "4"]
    assert parsed.reasons == {3: "malformed record"}


@pytest.mark.parametrize(
    "line",
    [
        b'{"agent_id":"\xe9"}',
        b'{"agent_id":1,"note":"\xe9"}',
        b'{"\xe9":1,"agent_id":1}',
        b'{"agent_id":"\xed\xa0\x80"}',
    ],
    ids=["known column", "unknown column", "a column's name", "half of a character"],
)
def test_json_that_is_not_utf8(parse: Parse, line: bytes) -> None:
    parsed = parse("agents.ndjson", b'{"agent_id":"\xc3\xa9"}\n\n' + line + b'\n{"agent_id":3}\n')
    assert parsed.column("agent_id") == ["é", None, "3"]
    assert parsed.reasons == {3: "text that is not UTF-8"}


def test_the_record_stays_readable(parse: Parse) -> None:
    (bad,) = parse("agents.ndjson", b'{"agent_id":1}\r\n{"agent_id": "\xe9", "name": \r\n').bad
    assert bad.record == '{"agent_id": "\ufffd", "name": '


# --- malformed CSV


@pytest.mark.parametrize(
    ("content", "ids", "lines"),
    [
        pytest.param("1,a\n2,b,c\n3\n4,d\n", ["1", None, None, "4"], [3, 4], id="too many and too few fields"),
        pytest.param('1,a\n2,"b" c\n3,d\n', ["1", None, "3"], [3], id="text behind a quote"),
        pytest.param('1,"a\nb"\n2,b,c\n3,"c\n\nd"\n4\n', ["1", None, "3", None], [4, 8], id="quoted line ends"),
        pytest.param('1,"a\r\nb"\r\n2\r\n3,c\r\n', ["1", None, "3"], [4], id="CRLF"),
        pytest.param("\n1,a\n\n2,b,c\n\n", ["1", None], [5], id="blank lines"),
        pytest.param('1,a\n2,"b\n', ["1", None], [3], id="unclosed quote at the end"),
        pytest.param('1,a\n2,"b\n3,c\n', ["1", None], [3], id="unclosed quote takes the rest"),
        pytest.param('1,a\n2,"b\n3,"c"\n4,d\n', ["1", None, "4"], [3], id="unclosed quote until the next one"),
        pytest.param('1,"a ""b"", c"\n2,b,c\n', ["1", None], [3], id="doubled quotes"),
    ],
)
def test_malformed_csv(parse: Parse, content: str, ids: list[str | None], lines: list[int]) -> None:
    header = "agent_id,name\r\n" if "\r\n" in content else "agent_id,name\n"
    parsed = parse("agents.csv", (header + content).encode())
    assert parsed.column("agent_id") == ids
    assert parsed.reasons == dict.fromkeys(lines, "malformed record")


@pytest.mark.parametrize("last", [b"", b"3,c,d\n"], ids=["well formed", "malformed"])
def test_a_byte_order_mark_before_csv(parse: Parse, last: bytes) -> None:
    parsed = parse("agents.csv.gz", packed(BOM + b"agent_id,name\n1,a\n,b\n" + last))
    assert parsed.good == [{"agent_id": "1", "name": "a"}]
    assert parsed.reasons == {3: "agent_id: missing"} | ({4: "malformed record"} if last else {})


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        pytest.param('agent_id,name\n1,"x\ny, ""z"""\n,b\n', [4], id="quoted line end before"),
        pytest.param('agent_id,name\r\n1,"x\r\n\r\ny"\r\n,b\r\n', [5], id="CRLF"),
        pytest.param("agent_id,name\n\n1,a\n\n,b\n", [5], id="blank lines"),
        pytest.param('agent_id,"no\nte",name\n1,2,a\n,,b\n', [4], id="quoted line end in the header"),
        pytest.param('agent_id,name\n,"a\nb"\n,c', [2, 4], id="the first line of a record"),
    ],
)
def test_the_line_in_a_csv_file_that_is_well_formed(parse: Parse, content: str, lines: list[int]) -> None:
    parsed = parse("agents.csv", content.encode())
    assert parsed.reasons == dict.fromkeys(lines, "agent_id: missing")


def test_csv_that_is_not_utf8(parse: Parse) -> None:
    parsed = parse("agents.csv", b'agent_id,name\n1,\xc3\xa9\n2,\xe9\n3,c\n4,"\xe9\nx"\n,d\n')
    assert parsed.column("name") == ["é", None, "c", None, "d"]
    assert parsed.reasons == {
        3: "text that is not UTF-8",
        5: "text that is not UTF-8",
        7: "agent_id: missing",
    }
    assert parsed.bad[1].record == '4,"\ufffd\nx"'


def test_a_malformed_record_changes_nothing_for_the_others(parse: Parse) -> None:
    """One malformed record has the file read in another way, with the same result."""
    rows = [
        contact(n, name=f'née "{n}"\n', tags=["a", "é"], updated_at="2026-01-02T09:00:00.5+01:00", deleted=n == 2)
        for n in range(3)
    ]
    content = content_of(rows, "csv")
    assert parse("contacts.csv", content + b"only one field\n").good == parse("contacts.csv", content).good


@pytest.mark.parametrize("length", [200_000, 3_000_000], ids=["usual", "longer than DuckDB's reader takes"])
def test_a_long_value_is_no_malformed_one(parse: Parse, length: int) -> None:
    long = "x" * length
    parsed = parse("agents.csv", f'agent_id,name\n1,"{long}\n"\n2,b,c\n,"{long}"\n4,d\n'.encode())
    assert parsed.column("name") == [f"{long}\n", None, long, "d"]
    assert parsed.reasons == {4: "malformed record", 5: "agent_id: missing"}


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_blank_lines_between_records_of_one_column(parse: Parse, end: str) -> None:
    parsed = parse("agents.csv", end.join(["agent_id", "1", "", "2", '""', "", "3", ""]).encode())
    assert parsed.column("agent_id") == ["1", "2", None, "3"]
    assert parsed.reasons == {5: "agent_id: missing"}


def test_words_of_other_formats_are_text_in_csv(parse: Parse) -> None:
    parsed = parse("agents.csv", b"agent_id,name\nNULL,null\n#1,NaN\n5.0,\\N\n")
    assert parsed.column("agent_id") == ["NULL", "#1", "5.0"]
    assert parsed.column("name") == ["null", "NaN", "\\N"]


@pytest.mark.parametrize(
    "header", ["agent_id,,", "agent_id,note,note", "agent_id,Agent_Id,AGENT_ID"], ids=["empty", "twice", "case"]
)
def test_unknown_columns_of_csv_may_share_a_name(parse: Parse, header: str) -> None:
    """As a spreadsheet writes them."""
    assert parse("agents.csv", f"{header}\n1,x,y\n".encode()).rows == [{"agent_id": "1"}]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "begins with a header", id="empty file"),
        pytest.param(b"name,team\na,b\n", "no column 'agent_id'", id="no key"),
        pytest.param(b"agent_id;name\n1;a\n", "no column 'agent_id'", id="another separator"),
        pytest.param(b"agent_id,name,agent_id\n1,a,2\n", "'agent_id' twice", id="key twice"),
    ],
)
def test_csv_with_another_header_is_unreadable(parse: Parse, content: bytes, words: str) -> None:
    with pytest.raises(UnreadableFileError, match=words):
        parse("agents.csv", content)


# --- Parquet


@pytest.fixture(scope="module")
def writer() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture
def parquet(writer: duckdb.DuckDBPyConnection, folders: Iterator[Path]) -> Callable[..., bytes]:
    """The result of a query as a Parquet file."""

    def write(query: str, zone: str = "UTC") -> bytes:
        path = next(folders) / "written.parquet"
        writer.execute(f"set TimeZone = '{zone}'")
        writer.execute(f"copy ({query}) to '{path}' (format parquet)")
        return path.read_bytes()

    return write


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        pytest.param("integer", "1, -2", ["1", "-2"], id="int32"),
        pytest.param("bigint", "9007199254740993", ["9007199254740993"], id="int64"),
        pytest.param("ubigint", "18446744073709551615", ["18446744073709551615"], id="uint64"),
        pytest.param("utinyint", "255", ["255"], id="uint8"),
        pytest.param("double", "5.0, -3.0, 1e15", ["5", "-3", "1000000000000000"], id="double"),
        pytest.param("float", "5.0", ["5"], id="float"),
        pytest.param("decimal(38, 0)", "9007199254740993", ["9007199254740993"], id="decimal"),
        pytest.param("decimal(20, 2)", "7.00", ["7"], id="decimal with places"),
        pytest.param("varchar", "'a', '5.0', '007'", ["a", "5.0", "007"], id="text"),
    ],
)
def test_ids_in_parquet(
    parse: Parse, parquet: Callable[..., bytes], kind: str, values: str, expected: list[str]
) -> None:
    parsed = parse("agents.parquet", parquet(f"select unnest([{values}]::{kind}[]) as agent_id"))
    assert parsed.bad == []
    assert parsed.column("agent_id") == expected


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        pytest.param("double", "1.5::double, 'nan', 'inf', 9007199254740992", id="double"),
        pytest.param("decimal(10, 1)", "1.5", id="decimal"),
        pytest.param("boolean", "true", id="boolean"),
        pytest.param("date", "'2026-01-02'", id="date"),
        pytest.param("varchar[]", "['a']", id="list"),
    ],
)
def test_no_ids_in_parquet(parse: Parse, parquet: Callable[..., bytes], kind: str, values: str) -> None:
    parsed = parse("agents.parquet", parquet(f"select unnest([{values}]::{kind}[]) as agent_id"))
    assert {bad.reasons for bad in parsed.bad} == {NO_ID}
    assert parsed.good == []


def test_a_missing_id_in_parquet(parse: Parse, parquet: Callable[..., bytes]) -> None:
    parsed = parse("agents.parquet", parquet("select unnest([null, 1.0, null]) as agent_id"))
    assert parsed.reasons == {1: "agent_id: missing", 3: "agent_id: missing"}


RATING = "select 1 as rating_id, 1 as conversation_id"


@pytest.mark.parametrize("kind", ["timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns"])
def test_a_timestamp_without_a_zone_in_parquet(parse: Parse, parquet: Callable[..., bytes], kind: str) -> None:
    content = parquet(f"{RATING}, unnest([null, '2026-01-02 09:00:00'::{kind}]) as asked_at")
    assert parse("ratings.parquet", content).reasons == {2: NO_OFFSET}


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "America/New_York"])
def test_a_timestamp_with_a_zone_in_parquet(parse: Parse, parquet: Callable[..., bytes], zone: str) -> None:
    """Also the hour that a zone shows twice."""
    moments = ["2025-10-26T00:30:00.123456+00:00", "2025-10-26T01:30:00.000001+00:00", "1969-12-31T23:59:59.999999Z"]
    values = ", ".join(f"'{moment}'::timestamptz" for moment in moments)
    parsed = parse("ratings.parquet", parquet(f"{RATING}, unnest([{values}]) as asked_at", zone))
    assert parsed.column("asked_at") == [datetime.fromisoformat(moment) for moment in moments]


def test_zones_that_a_parquet_file_names(parse: Parse) -> None:
    """zoned.parquet is Arrow's: asked_at in Paris (us), answered_at in New York (ns), updated_at in Kathmandu (ms)."""
    parsed = parse("ratings.parquet", (DATA / "zoned.parquet").read_bytes())
    moments = [
        datetime(2025, 7, 1, 12, 0, 0, 123456, tzinfo=UTC),
        datetime(2025, 10, 26, 0, 30, 0, 1, tzinfo=UTC),
        datetime(2025, 10, 26, 1, 30, 0, 999999, tzinfo=UTC),
    ]
    assert parsed.column("asked_at") == moments
    assert parsed.column("answered_at") == moments
    assert parsed.column("updated_at") == [
        moment.replace(microsecond=moment.microsecond // 1000 * 1000) for moment in moments
    ]


def test_the_old_timestamps_of_parquet_have_no_zone(parse: Parse) -> None:
    """int96.parquet is Arrow's, in the type that Spark wrote before version 3."""
    parsed = parse("ratings.parquet", (DATA / "int96.parquet").read_bytes())
    assert parsed.reasons == dict.fromkeys([1, 2, 3], NO_OFFSET)


def test_instants_as_text_in_parquet(parse: Parse, parquet: Callable[..., bytes]) -> None:
    values = "'2026-01-02T09:00:00+01:00', '2026-01-02T09:00:00', 'soon'"
    parsed = parse("ratings.parquet", parquet(f"{RATING}, unnest([{values}]) as asked_at"))
    assert parsed.column("asked_at") == [datetime(2026, 1, 2, 8, tzinfo=UTC), None, None]
    assert parsed.reasons == {2: NO_OFFSET, 3: NO_INSTANT}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        pytest.param("[['a', 'b;c'], [], null]", [["a", "b;c"], [], None], id="texts"),
        pytest.param("[[1, 2], null]", [["1", "2"], None], id="whole numbers"),
    ],
)
def test_lists_in_parquet(
    parse: Parse, parquet: Callable[..., bytes], tags: str, expected: list[list[str] | None]
) -> None:
    parsed = parse("contacts.parquet", parquet(f"select 1 as contact_id, unnest({tags}) as tags"))
    assert parsed.bad == []
    assert parsed.column("tags") == expected


@pytest.mark.parametrize(
    "tags", ["'a;b'", "5", "[true]", "[['a']]", "{'a': 1}"], ids=["text", "number", "booleans", "nested", "struct"]
)
def test_no_lists_in_parquet(parse: Parse, parquet: Callable[..., bytes], tags: str) -> None:
    parsed = parse("contacts.parquet", parquet(f"select 1 as contact_id, unnest([null, {tags}]) as tags"))
    assert parsed.reasons == {2: "tags: no list of text"}


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("name", "true", "name: no text"),
        ("name", "{'first': 'Zoé'}", "name: no text"),
        ("name", "['Zoé']", "name: no text"),
        ("deleted", "2", "deleted: neither true nor false"),
        ("deleted", "'perhaps'", "deleted: neither true nor false"),
        ("updated_at", "date '2026-01-02'", "updated_at: "),
        ("updated_at", "1767344400", "updated_at: no instant"),
    ],
)
def test_other_types_in_parquet(
    parse: Parse, parquet: Callable[..., bytes], column: str, value: str, reason: str
) -> None:
    parsed = parse("contacts.parquet", parquet(f"select 1 as contact_id, unnest([null, {value}]) as {column}"))
    assert list(parsed.reasons) == [2]
    assert parsed.reasons[2].startswith(reason)


def test_a_quarantined_parquet_row_is_readable_whatever_its_columns(
    parse: Parse, parquet: Callable[..., bytes]
) -> None:
    query = (
        """select '' as contact_id, 1.5 as "a ""b", {'x': 1} as s, 'x'::blob as b, interval 1 day as i, uuid() as u"""
    )
    (bad,) = parse("contacts.parquet", parquet(query)).bad
    record = json.loads(bad.record)
    assert record["contact_id"] == ""
    assert record['a "b'] == 1.5
    assert record["s"] == {"x": 1}


def test_optional_columns_may_be_missing_in_parquet(parse: Parse, parquet: Callable[..., bytes]) -> None:
    parsed = parse(
        "conversations.parquet", parquet("select 1 as conversation_id, now() - interval 10 year as started_at")
    )
    assert parsed.bad == []


@pytest.mark.parametrize(
    ("query", "column"),
    [
        ("select 1 as conversation_id", "started_at"),
        ("select now() as started_at", "conversation_id"),
        ("select 1 as conversation_id, unnest([true, false]) as deleted", "started_at"),
    ],
    ids=["clock", "key", "not every row is deleted"],
)
def test_a_required_column_is_missing_in_parquet(
    parse: Parse, parquet: Callable[..., bytes], query: str, column: str
) -> None:
    with pytest.raises(UnreadableFileError, match=f"no column '{column}', which conversations require"):
        parse("conversations.parquet", parquet(query))


def test_a_file_of_deletions_needs_only_its_keys(parse: Parse, parquet: Callable[..., bytes]) -> None:
    content = parquet("select 1 as conversation_id, true as deleted")
    assert parse("conversations.parquet", content).rows == [{"conversation_id": "1", "deleted": True}]


# --- files that cannot be read


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(lambda gz: gz[: len(gz) // 2], id="half of it"),
        pytest.param(lambda gz: gz[:5], id="not even its head"),
        pytest.param(lambda gz: gz[: len(gz) // 2] + bytes(40) + gz[len(gz) // 2 + 40 :], id="a hole in it"),
        pytest.param(lambda gz: gzip.decompress(gz), id="not packed"),
    ],
)
@pytest.mark.parametrize("file_format", FORMATS)
def test_broken_gzip(parse: Parse, file_format: str, broken: Callable[[bytes], bytes]) -> None:
    """It is refused, or the number of its records gives it away; the first one is to be found in quarantine."""
    rows = [agent("")] + [agent(n, name=zlib.crc32(str(n).encode())) for n in range(3000)]  # which hardly compress
    content = broken(packed(content_of(rows, file_format)))
    try:
        assert parse(f"agents.{file_format}.gz", content).records != len(rows)
    except UnreadableFileError as error:
        assert str(error)


def test_gzip_in_several_members(parse: Parse) -> None:
    """As written by appending, or in parallel."""
    content = packed(ndjson(agent(1), agent(2))) + packed(ndjson(agent(3), agent("")))
    parsed = parse("agents.ndjson.gz", content)
    assert [row["agent_id"] for row in parsed.good] == ["1", "2", "3"]
    assert parsed.reasons == {4: "agent_id: missing"}


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1xxxxxxxxPAR1"], ids=["empty", "short", "no footer"])
def test_broken_parquet(parse: Parse, content: bytes) -> None:
    with pytest.raises(UnreadableFileError):
        parse("agents.parquet", content)


# --- order


@pytest.mark.parametrize(
    ("name", "many"), [("agents.ndjson.gz", 300_000), ("agents.csv.gz", 150_000), ("agents.parquet", 300_000)]
)
def test_records_keep_their_order_in_a_large_file(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, name: str, many: int
) -> None:
    """Parsed on several threads: the place of a record is its row number in raw, and its line in the file."""
    missing = [0, 1, 122_879, 122_880, 140_000, many - 1]
    path, target = tmp_path / name, tmp_path / "raw.parquet"
    options = {"ndjson": "format json", "csv": "format csv, header", "parquet": "format parquet"}[name.split(".")[1]]
    compression = ", compression gzip" if name.endswith(".gz") else ""
    connection.execute(
        f"copy (select case when range in {tuple(missing)} then '' else 'a' || range end as agent_id, range as name"
        f" from range({many})) to '{path}' ({options}{compression})"
    )
    file = LandedFile(path, "acme", "b1", datetime.fromisoformat(EXTRACTED_AT), many)
    (parsed,) = parse_files(connection, [file], target, (1, 5))
    first = 2 if ".csv" in name else 1
    assert [bad.line for bad in parsed.bad] == [number + first for number in missing]
    assert parsed.records == many
    out_of_place = "where name <> cast(file_row_number as varchar)"
    assert connection.execute(f"from read_parquet('{target}', file_row_number = true) {out_of_place}").fetchall() == []
