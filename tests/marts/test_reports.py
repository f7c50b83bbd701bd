"""The table macros of a release: without filters they are the marts, with filters what plain Python computes.

The marts come from the demo and from small histories full of ties and changes of the clocks; questions are made by
hypothesis, from values that are there and some that are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from demo_data import write_demo
from expectations.marts import MARTS
from ingestion.settings import load_settings
from tests import oracle, reports_oracle
from tests.comparison import differences
from tests.drops import Row, conversation, message, write_batch, write_config
from tests.examples import examples
from tests.marts.test_invariants import ZONES, deliver, histories
from tests.real_data import REAL_DATA, config_for_real_data
from tests.reports_oracle import LISTS, OF_BACKLOG, REPORTS, Known, Question, Unanswerable, values_of
from tests.warehouse import CANDIDATE, build_marts

KEYS = MARTS | {
    "traffic": ("account_id", "weekday", "hour"),
    "compare": ("account_id", "compared"),
    "backlog": (*MARTS["backlog"], "hour_start"),
    "backlog_details": ("account_id", "local_date", "hour_start", "source_system", "conversation_id"),
}
OF_GRAINS = [mart for mart, key in MARTS.items() if "grain" in key]
YES_NO = ("working_hours", "answered", "rated")
UNHURRIED: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True}


class Release:
    """The marts of a configuration as a reader has them, and what plain Python knows of the same records."""

    def __init__(self, config: Path, world: dict[str, Known] | None = None, **how: bool) -> None:
        self.marts = build_marts(config, **how)
        self.world = reports_oracle.read(config) if world is None else world
        file = load_settings(config).home / "tests" / CANDIDATE
        self.connection = duckdb.connect(str(file), read_only=True)
        self.connection.execute("set TimeZone = 'UTC'")

    def ask(self, name: str, question: Question) -> list[dict[str, Any]]:
        return self.sql(*call(name, question))

    def sql(self, query: str, values: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        answer = self.connection.execute(query, values or {})
        columns = [column for column, *_ in answer.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]

    def check(self, question: Question) -> None:
        """Every report says what plain Python says, or that the question cannot be answered."""
        for name in REPORTS:
            if name in OF_BACKLOG:  # each grain of the others is a day's here
                question = replace(question, grain="day")
            try:
                expected = reports_oracle.report(self.world, name, question)
            except Unanswerable:
                with pytest.raises(duckdb.InvalidInputException):
                    self.ask(name, question)
                continue
            assert differences(name, expected, self.ask(name, question), keys=KEYS) == [], question


def call(name: str, question: Question) -> tuple[str, dict[str, Any]]:
    values = {field.name: getattr(question, field.name) for field in fields(Question)}
    if name in ("traffic", "compare"):
        del values["grain"]
    named = ", ".join(f"{name} := ${name}" for name in list(values)[3:])
    return f"from report_{name}($account, $first_day, $last_day, {named})", values


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    folder = tmp_path_factory.mktemp("reports")
    release = Release(write_demo(folder / "demo", conversations=400, days=70, seed=5).config)
    yield release
    release.connection.close()


def questions_about(world: dict[str, Known]) -> st.SearchStrategy[Question]:
    """Of accounts, days and values that are there, with up to three filters; one in four is wrong."""
    days = [one.details["started_date"] for known in world.values() for one in known.conversations]
    days = days or [date(2026, 3, 1)]
    dates = st.dates(min(days) - timedelta(days=40), max(days) + timedelta(days=40)) | st.sampled_from(sorted(days))

    @st.composite
    def questions(draw: st.DrawFn) -> Question:
        account = draw(st.sampled_from([*world, None]))
        asked = list(world.values()) if account is None else [world[account]]
        filters: dict[str, Any] = {}
        for parameter in draw(st.sets(st.sampled_from([*LISTS, *YES_NO]), max_size=3)):
            if parameter in YES_NO:
                filters[parameter] = draw(st.booleans())
            else:
                values = sorted({value for known in asked for value in values_of(known, parameter)})
                filters[parameter] = draw(st.lists(st.sampled_from(values), max_size=4)) if values else []
        first, last = sorted((draw(dates), draw(dates)))
        grain = draw(st.sampled_from(["day", "week", "month", "quarter", "period"]))
        question = Question(account, first, last, grain, **filters)
        parameter = draw(st.sampled_from(LISTS))
        wrong: list[dict[str, Any]] = [
            {"account": "nobody"},
            {"first_day": last + timedelta(days=1)},
            {parameter: [*filters.get(parameter, []), "nowhere"]},
        ]
        return replace(question, **draw(st.sampled_from([{}] * 9 + wrong)))

    return questions()


@given(st.data())
@settings(max_examples=examples(60), **UNHURRIED)
def test_any_filter_equals_the_plain_computation(demo: Release, data: st.DataObject) -> None:
    demo.check(data.draw(questions_about(demo.world)))


@pytest.mark.slow
@given(st.data())
@settings(max_examples=1500, **(UNHURRIED | {"derandomize": False}))
def test_any_filter_equals_the_plain_computation_often(demo: Release, data: st.DataObject) -> None:
    demo.check(data.draw(questions_about(demo.world)))


def check_history(history: dict[str, list[Row]], zone: str, seed: int, batches: int, data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        whole = deliver(Path(folder) / "whole", history, zone, 0, 1, in_one_run=True)
        config = deliver(Path(folder) / "dealt", history, zone, seed, batches, in_one_run=False)
        release = Release(config, reports_oracle.read(whole), ingest_first=False, incremental=True)
        try:
            for _ in range(6):
                release.check(data.draw(questions_about(release.world)))
                ask_hours(release, data)
            check_without_filters(release)
        finally:
            release.connection.close()


arguments = given(histories(), st.sampled_from(ZONES), st.integers(0, 1000), st.integers(1, 3), st.data())


@arguments
@settings(max_examples=examples(5), **UNHURRIED)
def test_any_filter_over_any_history(
    history: dict[str, list[Row]], zone: str, seed: int, batches: int, data: st.DataObject
) -> None:
    check_history(history, zone, seed, batches, data)


@pytest.mark.slow
@arguments
@settings(max_examples=150, **(UNHURRIED | {"derandomize": False}))
def test_any_filter_over_any_history_often(
    history: dict[str, list[Row]], zone: str, seed: int, batches: int, data: st.DataObject
) -> None:
    check_history(history, zone, seed, batches, data)


def check_without_filters(release: Release) -> None:
    """Over whole periods, and without filters, each macro gives its mart, columns in their order."""
    for account in release.world:
        for grain in ("day", "week", "month", "quarter"):
            for mart in OF_GRAINS:
                expected = [
                    row for row in release.marts[mart] if row["grain"] == grain and row["account_id"] == account
                ]
                starts, ends = (
                    [
                        row[name]
                        for of_days in ("overview", "by_flow")  # flows run on other days, too
                        for row in release.marts[of_days]
                        if row["account_id"] == account
                    ]
                    for name in ("period_start", "period_end")
                )
                if not starts:
                    assert not expected
                    continue
                question = Question(account, min(starts), max(ends) - timedelta(days=1), grain)  # type: ignore[type-var, operator, arg-type]
                found = release.ask(mart, question)
                assert differences(mart, expected, found) == []
                assert [list(row) for row in found[:1]] == [list(row) for row in expected[:1]]
    days = date(1900, 1, 1), date(2200, 1, 1)
    for mart in ("details", "backlog"):
        found = [row for account in release.world for row in release.ask(mart, Question(account, *days))]
        for row in found if mart == "backlog" else []:
            assert row.pop("hour_start") is None
        assert differences(mart, release.marts[mart], found) == []
        assert [list(row) for row in found[:1]] == [list(row) for row in release.marts[mart][:1]]


def test_without_filters_a_macro_is_its_mart(demo: Release) -> None:
    assert len(demo.world) == 2
    check_without_filters(demo)


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="the real support conversations are not beside the checkout")
def test_reports_of_real_conversations_equal_the_plain_computation(tmp_path: Path) -> None:
    release = Release(config_for_real_data(tmp_path))
    check_without_filters(release)
    chosen = [one.details for known in release.world.values() for one in known.conversations]
    middle = sorted(details["started_date"] for details in chosen)[len(chosen) // 2]
    for account, known in release.world.items():
        agents = sorted({one.details["agent_id"] for one in known.conversations} - {None})
        tags = sorted({tag for one in known.conversations for tag in one.details["conversation_tags"]})
        for grain in ("week", "period"):
            span = (account, middle - timedelta(days=17), middle + timedelta(days=40), grain)
            release.check(Question(*span))
            release.check(Question(*span, agents=agents[:3], conversation_tags=tags[:5] or None))
    release.connection.close()


# What docs/figures.md says in words, one by one, on a case small enough to see


BY_AGENT = {"direction": "outbound", "sender_type": "agent", "agent_id": "8"}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    """Two conversations on 1 and 20 January, the first with a message three weeks later."""
    folder = tmp_path_factory.mktemp("small")
    accounts = [{"id": name, "timezone": "Europe/Paris"} for name in ("acme", "idle")]
    config = write_config(folder, accounts=accounts)
    rows = {
        "conversations": [
            conversation("c1", started_at="2026-01-01T09:00:00+01:00", agent_id="7", tags=["a", "b"]),
            conversation("c2", started_at="2026-01-20T09:00:00+01:00", tags=["b"], team=" Support "),
        ],
        "messages": [
            message("m1", "c1", sent_at="2026-01-01T09:00:00+01:00"),
            message(
                "m2", "c1", sent_at="2026-01-22T09:00:00+01:00", direction="outbound", sender_type="agent", agent_id="8"
            ),
        ],
        "agents": [{"agent_id": "7", "name": "Zoé", "email": "zoe@example.org"}],
    }
    write_batch(folder / "drop" / "b1", rows, "2026-02-01T00:00:00Z")
    release = Release(config)
    yield release
    release.connection.close()


JANUARY = "'acme', '2026-01-01', '2026-01-31'"


def test_days_may_be_text_and_filters_named(small: Release) -> None:
    rows = small.sql(f"from report_overview({JANUARY}, grain := 'month', agents := ['zoe@example.org'])")
    assert [(row["conversations"], row["messages"]) for row in rows] == [(1, 2)]


def test_messages_follow_the_chosen_conversations_at_their_own_date(small: Release) -> None:
    rows = small.sql("from report_overview('acme', '2026-01-22', '2026-01-22', conversation_tags := ['a'])")
    assert [(row["conversations"], row["messages"]) for row in rows] == [(0, 1)]


def test_the_other_tags_and_agents_of_chosen_conversations_are_shown(small: Release) -> None:
    rows = small.sql(f"from report_by_tag({JANUARY}, 'period', conversation_tags := ['a']) order by tag")
    assert [(row["tag"], row["conversations"], row["share_of_conversations"]) for row in rows] == [
        ("a", 1, 1.0),
        ("b", 1, 1.0),
    ]
    rows = small.sql(f"from report_by_agent({JANUARY}, 'period', agents := ['7']) order by agent_id")
    assert [(row["agent_id"], row["conversations"], row["messages"]) for row in rows] == [("7", 1, 1), ("8", 0, 1)]


def test_an_empty_list_matches_nothing_and_period_gives_its_row(small: Release) -> None:
    for name in LISTS:
        rows = small.sql(f"from report_overview({JANUARY}, 'period', {name} := [])")
        assert [(row["conversations"], row["messages"]) for row in rows] == [(0, 0)]
    rows = small.sql("from report_overview('acme', '1999-01-01', '1999-01-02', grain := 'period')")
    assert [(row["period_start"], row["period_end"], row["conversations"]) for row in rows] == [
        (date(1999, 1, 1), date(1999, 1, 3), 0)
    ]


def test_weeks_are_cut_at_the_range(small: Release) -> None:
    rows = small.sql("from report_overview('acme', '2026-01-01', '2026-01-07', grain := 'week')")
    assert [(row["period_start"], row["period_end"]) for row in rows] == [
        (date(2026, 1, 1), date(2026, 1, 5)),
        (date(2026, 1, 5), date(2026, 1, 8)),
    ]


def ask_hours(release: Release, data: st.DataObject) -> None:
    """Of some days with a conversation, or beside them."""
    question = data.draw(questions_about(release.world))
    last = min(question.last_day, question.first_day + timedelta(days=2))
    hours = replace(question, last_day=last, grain="hour")
    try:
        expected = {name: reports_oracle.report(release.world, name, hours) for name in OF_BACKLOG}
    except Unanswerable:
        return
    for name in OF_BACKLOG:
        assert differences(name, expected[name], release.ask(name, hours), keys=KEYS) == [], hours
    for grain in ("day", "hour"):
        figures_are_rows(release, replace(hours, grain=grain))


COUNTED = {
    "open": "true",
    **{state: f"state = '{state}'" for state in ("waiting_for_us", "waiting_unknown", "waiting_for_customer")},
    "unanswered": "is_unanswered",
    **{
        column: f"waiting_seconds >= {first * 3600}" + (f" and waiting_seconds < {last * 3600}" if last else "")
        for column, (first, last) in oracle.AGES.items()
    },
}
"""Figures of the backlog, and which rows of its details each counts."""


def figures_are_rows(release: Release, question: Question) -> None:
    """Each figure of the backlog is the number of rows of its conversations, and each median that of theirs."""
    counts = [f"count(case when {condition} then 1 end) as {figure}" for figure, condition in COUNTED.items()]
    medians = [f"quantile_cont({of}_seconds, 0.5) as median_{of}_seconds" for of in ("waiting", "open")]
    columns = ", ".join((*KEYS["backlog"], *COUNTED, "median_waiting_seconds", "median_open_seconds"))
    rows, values = call("backlog_details", question)
    grouped = f"select {', '.join((*KEYS['backlog'], *counts, *medians))} {rows} group by all"
    expected = release.sql(f"select {columns} from ({grouped})", values)
    found = release.sql(f"select {columns} {call('backlog', question)[0]} where open > 0", values)
    assert differences("backlog", expected, found, keys=KEYS) == [], question


def test_figures_of_the_backlog_are_rows_of_its_details(demo: Release) -> None:
    figures_are_rows(demo, Question(None, date(2026, 1, 1), date(2026, 12, 31)))
    (states,) = demo.sql(
        "select count(distinct state) as n from report_backlog_details(null, '2026-01-01', '2026-12-31')"
    )
    assert states["n"] > 1


@pytest.mark.parametrize("grain", ["day", "hour"])
def test_what_stands_at_an_end_is_the_same_in_any_range(demo: Release, grain: str) -> None:
    """A range begins and ends in the midst of what is open and waits."""
    (asked,) = demo.sql("select min(local_date) as first, max(local_date) as last from backlog")
    whole = demo.sql(f"from report_backlog(null, $first, $last, grain := '{grain}')", asked)
    for day in sorted({row["local_date"] for row in whole})[::10]:
        expected = [row for row in whole if row["local_date"] == day]
        found = demo.sql(f"from report_backlog(null, $day, $day, grain := '{grain}')", {"day": day})
        assert differences("backlog", expected, found, keys=KEYS) == [], day


@given(st.data())
@settings(max_examples=examples(20), **UNHURRIED)
def test_the_backlog_by_hour_equals_the_plain_computation(demo: Release, data: st.DataObject) -> None:
    ask_hours(demo, data)


def test_february_is_compared_with_the_whole_february_before(small: Release) -> None:
    rows = small.sql("from report_compare('acme', '2025-02-01', '2025-02-28')")
    assert {row["compared"]: (row["period_start"], row["period_end"]) for row in rows} == {
        "period": (date(2025, 2, 1), date(2025, 3, 1)),
        "period_before": (date(2025, 1, 4), date(2025, 2, 1)),
        "year_before": (date(2024, 2, 1), date(2024, 3, 1)),
    }


FAULTS = {
    "'acm', '2026-01-01', '2026-01-31'": "no account 'acm' in this release; it has acme, idle",
    "['acme', 'zzz'], '2026-01-01', '2026-01-31'": "no account 'zzz' in this release",
    "'acme', null, '2026-01-31'": "first_day and last_day are dates, such as '2026-01-31', and not NULL",
    "'acme', '2026-02-01', '2026-01-31'": "the last day, 2026-01-31, lies before the first, 2026-02-01",
    f"{JANUARY}, agents := ['7', 'Zoé']": "no agent 'Zoé' in account acme; it has (unassigned), 7, 8, zoe@example.org",
    f"{JANUARY}, contact_tags := 'vip'": "no contact tag 'vip' in account acme; it has none",
    f"{JANUARY}, conversation_tags := 'A'": "no conversation tag 'A' in account acme; it has (untagged), a, b",
    f"{JANUARY}, sources := 'email'": "no source 'email' in account acme; it has flow, inbound, inbox, other",
    f"{JANUARY}, source_systems := 'x'": "no source system 'x' in account acme; it has acme_export",
    f"{JANUARY}, statuses := 'open'": "no status 'open' in account acme; it has closed, in_flow, in_progress, new",
    f"{JANUARY}, teams := 'Support '": r"no team 'Support ' in account acme; it has \(no team\), Support",
    "null, '2026-01-01', '2026-01-31', channels := 'x'": "no channel 'x' in this release; it has",
    "'idle', '2026-01-01', '2026-01-31', agents := '7'": r"no agent '7' in account idle; it has \(unassigned\)",
    f"{JANUARY}, rated := 'maybe'": "rated must be true, false or NULL, not 'maybe'",
}
"""What is asked, and what is said about it."""


@pytest.mark.parametrize("arguments", FAULTS)
@pytest.mark.parametrize("name", sorted(REPORTS))
def test_what_cannot_be_answered_is_said(small: Release, name: str, arguments: str) -> None:
    """Whatever is asked of the answer: DuckDB leaves out what it can do without."""
    words = FAULTS[arguments] if "\\" in FAULTS[arguments] else re.escape(FAULTS[arguments])
    column = {"details": "started_at", "traffic": "weekday", **dict.fromkeys(OF_BACKLOG, "local_date")}.get(
        name, "period_start"
    )
    for query in (
        "select * from {}",
        "select count(*) from {}",
        "select 1 from {} limit 1",
        f"select {column} from {{}} where {column} is not null order by 1 limit 1",
        "select exists(from {} where conversation_tags = ['a'])" if name == "details" else "select exists(from {})",
    ):
        with pytest.raises(duckdb.InvalidInputException, match=words):
            small.sql(query.format(f"report_{name}({arguments})"))


@pytest.mark.parametrize("day", ["1999-01-01", "2099-01-01"])
@pytest.mark.parametrize("name", sorted(REPORTS))
def test_it_is_said_also_where_there_would_be_no_row(small: Release, name: str, day: str) -> None:
    for account, agents in (("acm", None), ("zzz", []), ("acme", ["nobody"])):
        with pytest.raises(duckdb.InvalidInputException, match=r"no (account|agent) "):
            small.ask(name, Question(account, *[date.fromisoformat(day)] * 2, agents=agents))
    small.sql(f"prepare asked as select count(*) from report_{name}($1, $2, $3, agents := $4)")
    small.sql(f"execute asked('acme', '{day}', '{day}', null)")
    with pytest.raises(duckdb.InvalidInputException, match="no agent 'nobody'"):
        small.sql(f"execute asked('acme', '{day}', '{day}', ['nobody'])")


@pytest.mark.parametrize("grain", ["'year'", "'Day'", "null"])
@pytest.mark.parametrize("name", MARTS)
def test_another_grain_is_refused(small: Release, name: str, grain: str) -> None:
    there = "day or hour" if name == "backlog" else "day, week, month, quarter or period"
    with pytest.raises(duckdb.Error, match=f"grain must be {there}, not"):
        small.sql(f"select count(*) from report_{name}({JANUARY}, grain := {grain})")


def test_of_many_values_the_nearest_are_named(demo: Release) -> None:
    with pytest.raises(duckdb.InvalidInputException, match=r"the nearest of its \d+ are commande, "):
        demo.sql("from report_overview(null, '2026-08-01', '2026-08-02', conversation_tags := 'commnde')")


def test_an_account_without_data_is_known(small: Release) -> None:
    assert small.sql("from report_overview('idle', '2026-01-01', '2026-01-31')") == []
    assert small.sql("from report_details('idle', '2026-01-01', '2026-01-31', teams := '(no team)')") == []


def test_accounts_are_asked_together_or_by_name(small: Release) -> None:
    for account in ("null", "['idle', 'acme']"):
        rows = small.sql(f"from report_overview({account}, '2026-01-01', '2026-03-31', 'period')")
        assert [(row["account_id"], row["conversations"]) for row in rows] == [("acme", 2), ("idle", 0)]
    named = "account := 'acme', first_day := '2026-01-01', last_day := '2026-01-31'"
    assert small.sql(f"from report_details({named})") == small.sql(f"from report_details({JANUARY})")


def test_those_without_are_chosen_by_a_word(small: Release) -> None:
    for filters, ids in {
        "agents := '(unassigned)'": ["c2"],
        "agents := 7": ["c1"],
        "conversation_tags := ['(untagged)', 'a']": ["c1"],
        "teams := '(no team)'": ["c1"],
        "teams := ['Support']": ["c2"],
        "channels := '(no channel)'": ["c1", "c2"],
        "answered := false": [],
        "answered := true": ["c1"],
        "rated := false": ["c1", "c2"],
    }.items():
        rows = small.sql(f"from report_details({JANUARY}, {filters}) order by conversation_id")
        assert [row["conversation_id"] for row in rows] == ids, filters
        (row,) = small.sql(f"from report_overview({JANUARY}, 'period', {filters})")
        assert row["conversations"] == len(ids), filters


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_a_macro_says_what_it_is(small: Release, name: str) -> None:
    """What a reader of the file finds, and no trace of the build that it came from."""
    (row,) = small.sql(f"select * from duckdb_functions() where function_name = 'report_{name}'")
    assert row["parameters"][:3] == ["account", "first_day", "last_day"]
    assert not re.search(r"\b(candidate|warehouse)\.", row["macro_definition"])
