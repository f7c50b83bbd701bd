"""Every data test of the dbt project is seen failing, every unit test is seen passing.

A small made-up warehouse is built once. Each corruption below is made in a transaction on a copy of its file, the
compiled test is run on that, and the corruption is taken back; then the file itself gets a corruption for every
test at once, and dbt has to call each of them failed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.catalog import create_build
from ingestion.demo import write_demo
from ingestion.intake import accepted_batches, take_in
from ingestion.settings import load_settings

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
MARTS = ("overview", "by_agent", "by_tag")
DURATIONS = ("first_response", "first_response_business", "duration", "duration_business")
ADDITIVE = (
    *("conversations", "conversations_inbox", "conversations_flow", "conversations_inbound", "conversations_other"),
    *("messages", "messages_inbound", "messages_outbound", "messages_failed"),
    *("conversations_answered", "conversations_unanswered", "conversations_closed", "reopens"),
    *(f"{duration}_{figure}" for duration in DURATIONS for figure in ("seconds_sum", "count")),
    *("reply_seconds_sum", "replies", "surveys", "ratings", "rating_sum", "ratings_satisfied"),
    *(f"rating_{score}" for score in range(1, 6)),
)
AVERAGES = (
    *(f"avg_{name}" for name in ("reply_seconds", "rating", *(f"{duration}_seconds" for duration in DURATIONS))),
    *("csat_percent", "survey_response_percent"),
)
OF_DETAILS = tuple(
    column
    for column in ADDITIVE
    if not column.startswith(("messages", "rating_", "ratings_")) or column == "rating_sum"
)
ONE = "(source_system, conversation_id) = (select min((source_system, conversation_id)) from marts.details)"


def one_of_details(change: str, condition: str = "true") -> str:
    """A change of one conversation that meets the condition."""
    first = f"select min((source_system, conversation_id)) from marts.details where {condition}"
    return f"update marts.details set {change} where (source_system, conversation_id) = ({first})"


# What each data test must notice. Statements of one test stand for the branches of its query: each alone must do.
CORRUPTIONS = {
    **{
        f"assert_{mart}_rows_are_unique": [f"insert into marts.{mart} select * from marts.{mart} limit 1"]
        for mart in (*MARTS, "details")
    },
    "assert_status_is_known": [one_of_details("status = 'snoozed'")],
    "assert_source_is_known": [one_of_details("source = 'Inbox'")],
    "assert_times_basis_is_known": [one_of_details("times_basis = 'guessed'")],
    "assert_parts_add_up": [
        f"update marts.{mart} set {column} = {column} + 1"
        for mart in MARTS
        for column in ("conversations", "conversations_other", "messages", "messages_outbound", "ratings", "rating_3")
    ],
    "assert_days_add_up_to_periods": [
        *(
            f"update marts.overview set {column} = coalesce({column}, 0) + 1 where grain = '{grain}'"
            for column in ADDITIVE
            for grain in ("day", "week", "month")
        ),
        *(
            "delete from marts.overview where (account_id, period_start)"
            f" = (select min((account_id, period_start)) from marts.overview where grain = '{grain}')"
            f" and grain = '{grain}'"
            for grain in ("day", "week", "month")
        ),
    ],
    "assert_overview_equals_details": [
        *(
            f"update marts.overview set {column} = coalesce({column}, 0) + 1 where grain = 'day'"
            for column in OF_DETAILS
        ),
        f"delete from marts.details where {ONE}",
        one_of_details("started_date = date '2020-01-01'"),
        "delete from marts.overview where grain = 'day' and conversations = 1",
    ],
    "assert_agents_add_up_to_overview": [
        *(f"update marts.by_agent set {column} = coalesce({column}, 0) + 1" for column in ADDITIVE),
        "delete from marts.by_agent where agent_id is null",
        "delete from marts.by_agent where period_start = (select min(period_start) from marts.by_agent)",
        "delete from marts.overview where grain = 'month'",
    ],
    "assert_tags_cover_overview": [
        *(f"update marts.by_tag set {column} = 1000000000" for column in (*ADDITIVE, "distinct_contacts")),
        *(f"update marts.by_tag set {column} = 0" for column in (*ADDITIVE, "distinct_contacts")),
        "delete from marts.by_tag where tag = '(untagged)'",
        "delete from marts.by_tag where period_start = (select min(period_start) from marts.by_tag)",
        "update marts.by_tag set share_of_conversations = 0 where tag = '(untagged)'",
        "update marts.by_tag set share_of_conversations = null",
    ],
    "assert_message_totals_agree": [
        one_of_details(f"{column} = {column} + 1")
        for column in ("messages", "messages_inbound", "messages_outbound", "messages_failed")
    ],
    "assert_averages_agree_with_sums": [
        f"update marts.{mart} set {change}"
        for mart in MARTS
        for change in (
            *(f"{average} = {average} * 1.001" for average in AVERAGES),
            *(f"{average} = null" for average in AVERAGES),
            *(f"{average} = 0" for average in AVERAGES),
            *(f"{duration}_seconds_sum = null" for duration in DURATIONS),
            *(f"{duration}_seconds_sum = 0 where {duration}_count = 0" for duration in DURATIONS),
            *(f"median_{duration}_seconds = null" for duration in DURATIONS),
            *(f"p90_{duration}_seconds = null" for duration in DURATIONS),
            *(f"p90_{duration}_seconds = median_{duration}_seconds - 1" for duration in DURATIONS),
            "reply_seconds_sum = null",
            "rating_sum = null",
        )
    ],
    "assert_no_figure_is_negative": [
        *(
            f"update marts.{mart} set {figure} = -1"
            for mart in MARTS
            for figure in (
                *ADDITIVE,
                "distinct_contacts",
                "avg_reply_seconds",
                *(f"{kind}_{duration}_seconds" for kind in ("avg", "median", "p90") for duration in DURATIONS),
            )
        ),
        *(
            one_of_details(f"{figure} = -1")
            for figure in (
                *("reopens", "replies", "reply_seconds_sum"),
                *("messages", "messages_inbound", "messages_outbound", "messages_human", "messages_failed"),
                *(f"{duration}_seconds" for duration in DURATIONS),
            )
        ),
    ],
    "assert_details_are_consistent": [
        one_of_details("messages = messages + 1"),
        one_of_details("messages_human = messages_outbound + 1"),
        one_of_details("replies = messages_human + 1"),
        one_of_details("first_inbound_at = null", "messages_inbound > 0 and not is_answered"),
        one_of_details("last_message_at = null", "messages > 0"),
        one_of_details("last_message_at = started_at", "messages = 0"),
        one_of_details("first_response_at = null", "is_answered"),
        one_of_details("first_response_seconds = null", "is_answered"),
        one_of_details("is_answered = null", "is_answered"),
        one_of_details("is_answered = false", "is_answered"),
        one_of_details("is_answered = true", "not is_answered"),
        one_of_details("is_answered = false", "first_inbound_at is null"),
        one_of_details("first_response_at = first_inbound_at - interval 1 second", "is_answered"),
        one_of_details("reply_seconds_sum = null", "replies > 0"),
        one_of_details("reply_seconds_sum = 0", "replies = 0"),
        one_of_details("duration_seconds = null", "duration_seconds is not null"),
        one_of_details("closed_at = started_at - interval 1 second", "duration_seconds is not null"),
        one_of_details("is_closed = false", "is_closed"),
        one_of_details("is_closed = true", "not is_closed"),
        one_of_details("first_response_business_seconds = first_response_seconds + 1", "is_answered"),
        one_of_details("duration_business_seconds = duration_seconds + 1", "duration_seconds is not null"),
        one_of_details("is_surveyed = false", "rating is not null"),
        one_of_details("rating = 6", "rating is not null"),
        one_of_details("rating = 0", "rating is not null"),
        one_of_details("rated_at = started_at", "rating is null"),
        one_of_details("rating_comment = 'good'", "rating is null"),
    ],
    "assert_rows_are_accounted_for": [
        f"update intermediate.int_row_accounting set {column} = {column} + 1 where entity = '{entity}'"
        for column in ("landed", "quarantined", "superseded", "deleted", "orphans", "used")
        for entity in ("conversations", "messages", "contacts", "agents", "events", "ratings")
    ],
    "assert_marts_hold_every_used_row": [
        f"insert into marts.details select * from marts.details where {ONE}",
        f"delete from marts.details where {ONE}",
        one_of_details("messages = messages + 1"),
        one_of_details("messages_failed = messages_failed + 1"),
        "delete from marts.details where source_system = (select max(source_system) from marts.details)",
        "delete from intermediate.int_messages where message_id"
        " = (select min(message_id) from intermediate.int_messages where fate = 'used' and is_message)",
    ],
    "assert_marts_hold_live_rows_only": [
        one_of_details(
            "conversation_id = (select min(records.conversation_id) from export.conversations as records"
            " where records._reasons is not null and records.source_system = details.source_system)"
        ),
        one_of_details(
            "conversation_id = (select min(conversation_id) from intermediate.int_conversations_latest as latest"
            " where latest.is_deleted and latest.source_system = details.source_system)"
        ),
        *(
            f"update marts.details set {change} where (source_system, contact_id) in"
            " (select (source_system, contact_id) from intermediate.int_contacts where is_deleted)"
            for change in ("contact_name = 'Ana'", "contact_phone = '***1234'", "contact_tags = ['vip']")
        ),
    ],
}

# What the row accounting must notice in the models that it counts.
LOSSES = [
    "delete from intermediate.int_messages where message_id = (select min(message_id) from intermediate.int_messages)",
    "insert into intermediate.int_messages select * from intermediate.int_messages limit 1",
    "update intermediate.int_messages set fate = null where fate = 'orphan'",
    "delete from intermediate.int_events where fate = 'deleted'",
    "delete from intermediate.int_ratings where fate = 'used'",
    "delete from intermediate.int_agents where agent_id = (select min(agent_id) from intermediate.int_agents)",
    "delete from intermediate.int_contacts where is_deleted",
    "delete from intermediate.int_conversations_latest where is_deleted",
    "delete from intermediate.int_conversation_facts where conversation_no = 1",
    "insert into intermediate.int_conversation_facts select * from intermediate.int_conversation_facts limit 1",
    "update settings.batch_counts set landed = landed + 1 where entity = 'contacts'",
    "delete from settings.batch_counts where entity = 'agents'",
]


@dataclass(frozen=True)
class Built:
    """A built warehouse: its file, what dbt wrote beside it, and how each node fared, by name."""

    file: Path
    target: Path
    results: dict[str, Any]
    manifest: dict[str, Any]

    def names(self, kind: str) -> set[str]:
        """Names of the nodes of one kind (`test`, `model`, `unit_test`) that ran."""
        return {name for name, result in self.results.items() if result["unique_id"].startswith(f"{kind}.")}


def run_dbt(file: Path, target: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run dbt on a build file: its exit code, and the results by name."""
    command = [str(Path(sys.executable).with_name("dbt")), "--warn-error-options", '{"error": ["Deprecations"]}']
    places = {"--project-dir": PROJECT, "--profiles-dir": PROJECT, "--target-path": target, "--log-path": target}
    done = subprocess.run(
        [*command, *arguments, *(str(word) for option in places.items() for word in option)],
        env={
            **os.environ,
            "CAUSERIE_BUILD_FILE": str(file),
            "CAUSERIE_SPILL_FOLDER": str(target / "spill"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        },
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    written = target / "run_results.json"
    assert written.is_file(), done.stdout + done.stderr
    results = json.loads(written.read_text())["results"]
    return done.returncode, {result["unique_id"].split(".")[-1 if unit(result) else 2]: result for result in results}


def unit(result: dict[str, Any]) -> bool:
    """Whether it is the result of a unit test: its id holds the model too."""
    return bool(result["unique_id"].startswith("unit_test."))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("gates")
    settings = load_settings(write_demo(folder / "demo", conversations=300, days=40, seed=1).config)
    take_in(settings, lambda _: None)
    file = folder / "warehouse.duckdb"
    create_build(file, settings, *accepted_batches(settings))
    target = folder / "target"
    status, results = run_dbt(file, target, "build", "--exclude-resource-type", "unit_test")
    assert status == 0, [name for name, result in results.items() if result["status"] not in ("success", "pass")]
    return Built(file, target, results, json.loads((target / "manifest.json").read_text()))


@pytest.fixture(scope="module")
def copy(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    file = shutil.copy(built.file, tmp_path_factory.mktemp("corrupted") / built.file.name)
    with duckdb.connect(str(file)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


@pytest.fixture(scope="module")
def corrupted(built: Built, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Results of all tests on a file that is corrupted for every data test. Unit tests bring their own rows."""
    sound = shutil.copy(built.file, tmp_path_factory.mktemp("sound"))
    try:  # in place: another path would have dbt parse everything anew
        with duckdb.connect(str(built.file)) as connection:
            for corruptions in CORRUPTIONS.values():
                connection.execute(corruptions[0])
        status, results = run_dbt(built.file, built.target, "test")
    finally:
        shutil.copy(sound, built.file)
    assert status == 1
    return results


def test_every_data_test_has_a_corruption(built: Built) -> None:
    assert built.names("test") == CORRUPTIONS.keys()


def test_sound_data_pass(built: Built) -> None:
    assert {name: built.results[name]["status"] for name in built.names("test")} == dict.fromkeys(CORRUPTIONS, "pass")


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_each_corruption_is_noticed(built: Built, copy: duckdb.DuckDBPyConnection, name: str) -> None:
    query = built.results[name]["compiled_code"]
    assert copy.execute(query).fetchall() == []
    unnoticed = []
    for corruption in CORRUPTIONS[name]:
        copy.execute("begin")
        copy.execute(corruption)
        if not copy.execute(query).fetchall():
            unnoticed.append(corruption)
        copy.execute("rollback")
    assert unnoticed == []


def test_lost_and_doubled_rows_are_noticed(built: Built, copy: duckdb.DuckDBPyConnection) -> None:
    accounting = built.results["int_row_accounting"]["compiled_code"]
    query = built.results["assert_rows_are_accounted_for"]["compiled_code"]
    unnoticed = []
    for loss in LOSSES:
        copy.execute("begin")
        copy.execute(loss)
        copy.execute(f"create or replace table intermediate.int_row_accounting as {accounting}")
        if not copy.execute(query).fetchall():
            unnoticed.append(loss)
        copy.execute("rollback")
    assert unnoticed == []


def test_dbt_fails_on_every_corruption(corrupted: dict[str, Any]) -> None:
    statuses = {name: result["status"] for name, result in corrupted.items() if not unit(result)}
    assert statuses == dict.fromkeys(CORRUPTIONS, "fail")


def test_unit_tests_pass(built: Built, corrupted: dict[str, Any]) -> None:
    statuses = {name: result["status"] for name, result in corrupted.items() if unit(result)}
    assert len(statuses) == len(built.manifest["unit_tests"])
    assert {name: status for name, status in statuses.items() if status != "pass"} == {}


def test_every_column_is_documented(built: Built) -> None:
    with duckdb.connect(str(built.file), read_only=True) as connection:
        rows = connection.execute("select schema_name, table_name, column_name from duckdb_columns()").fetchall()
    for name in built.names("model"):
        node = built.manifest["nodes"][built.results[name]["unique_id"]]
        columns = {column: about["description"] for column, about in node["columns"].items()}
        assert columns.keys() == {column for schema, table, column in rows if (schema, table) == (node["schema"], name)}
        assert all(columns.values()), name
        assert "One row per" in node["description"], name


def test_every_macro_is_documented(built: Built) -> None:
    ours = [macro for macro in built.manifest["macros"].values() if macro["package_name"] == "causerie"]
    for macro in ours:
        if "__" not in macro["name"] and not macro["name"].startswith("test_"):
            assert macro["description"], macro["name"]
            assert all(argument["description"] for argument in macro["arguments"]), macro["name"]


@pytest.mark.parametrize("file", sorted((PROJECT / "tests").glob("*.sql")), ids=lambda file: file.stem)
def test_singular_tests_tell_what_they_detect(file: Path) -> None:
    first, second, third = file.read_text().splitlines()[:3]
    assert first.startswith("-- Detects ")
    assert second.startswith("-- ")
    assert not third.startswith("--")
    assert "A returned row is" in first + second
