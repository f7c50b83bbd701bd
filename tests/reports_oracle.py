"""The reports for any filter, in plain Python: beside ``oracle``, whose conversations and measures it uses.

As there, everything follows from `docs/figures.md` ("Figures for any filter"), one rule a function, and nothing from
the SQL. What is asked comes as a `Question`; the answer is a list of rows.

    world = read(Path("causerie.toml"))
    report(world, "by_agent", Question("acme", date(2026, 1, 1), date(2026, 1, 31), "week", agents=["7"]))
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from tests import oracle
from tests.oracle import Account, Bucket, Conversation, FlowRun, Row

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Question:
    """What is asked. Days are "inclusive"; None is no filter, or all accounts; an empty list "matches nothing"."""

    account: str | None
    first_day: date
    last_day: date
    grain: str = "day"
    agents: Sequence[str] | None = None
    contact_tags: Sequence[str] | None = None
    conversation_tags: Sequence[str] | None = None
    working_hours: bool | None = None
    sources: Sequence[str] | None = None
    source_systems: Sequence[str] | None = None
    statuses: Sequence[str] | None = None
    answered: bool | None = None
    rated: bool | None = None
    teams: Sequence[str] | None = None
    channels: Sequence[str] | None = None


class Unanswerable(Exception):
    """The question names what is not there, or days that are no range: "an error says so"."""


@dataclass
class Known:
    """What is known of one account."""

    account: Account
    conversations: list[Conversation]
    agents: dict[str, dict[str, Row]]
    through: datetime | None
    reached: dict[str, datetime | None]
    """Of each source."""
    flow_runs: list[FlowRun]


def read(config: Path) -> dict[str, Known]:
    """All that questions may be about, by account."""
    settings = oracle.load_config(config)
    states = [
        oracle.ingest_source(source, settings.accounts[source.account], settings.quality) for source in settings.sources
    ]
    world = {}
    for account in settings.accounts.values():
        own = [state for state in states if state.account is account]
        world[account.id] = Known(
            account,
            [one for state in own for one in oracle.conversations_of(state, settings.contact_phone)],
            {state.source.name: oracle.agents_of(state) for state in own},
            oracle.data_through(own),
            {state.source.name: state.extracted_at for state in own},
            [run for state in own for run in oracle.flow_runs_of(state)],
        )
    return world


def report(world: dict[str, Known], name: str, question: Question) -> list[Row]:
    """The rows of a report, "of all accounts those of each".

    Raises:
        Unanswerable: the question.
    """
    asked = world if question.account is None else {question.account: world.get(question.account)}
    there = [known for known in asked.values() if known is not None]
    has_grain = name not in OF_BACKLOG or question.grain in ("day", "hour")
    if not there or question.last_day < question.first_day or not has_grain:
        raise Unanswerable
    for parameter in LISTS:
        values = {value for known in there for value in values_of(known, parameter)}
        if any(value not in values for value in getattr(question, parameter) or []):
            raise Unanswerable
    return [
        row
        for known in there
        for row in REPORTS[name](known, [one for one in known.conversations if is_chosen(one, question)], question)
    ]


def is_chosen(one: Conversation, question: Question) -> bool:
    """Whether the filters choose a conversation: "lists match any of their values"; "what is not known matches neither
    true nor false".
    """
    return all(
        wanted is None or any(value in wanted for value in filtered_by(one)[parameter])
        for parameter in LISTS
        for wanted in [getattr(question, parameter)]
    ) and all(
        wanted is None or is_so is wanted
        for is_so, wanted in (
            (one.details["started_in_working_hours"], question.working_hours),
            (one.details["is_answered"], question.answered),
            (one.details["rating"] is not None, question.rated),
        )
    )


def filtered_by(one: Conversation) -> dict[str, list[Any]]:
    """What a conversation has, by the filter that asks for it: "`(unassigned)`, `(untagged)`, `(no team)` and
    `(no channel)` are those without".
    """
    details = one.details
    return {
        "agents": [details["agent_id"] or oracle.UNASSIGNED, details["agent_email"]],
        "contact_tags": details["contact_tags"] or [],
        "conversation_tags": oracle.GROUPS["tag"](details),
        "sources": [details["source"]],
        "source_systems": [details["source_system"]],
        "statuses": [details["status"]],
        "teams": oracle.GROUPS["team"](details),
        "channels": oracle.GROUPS["channel"](details),
    }


LISTS = (
    *("agents", "contact_tags", "conversation_tags"),
    *("sources", "source_systems", "statuses", "teams", "channels"),
)
WORDS = {
    "agents": {oracle.UNASSIGNED},
    "conversation_tags": {oracle.UNTAGGED},
    "sources": {"inbox", "flow", "inbound", "other"},
    "statuses": {"new", "in_flow", "in_progress", "closed", "other"},
    "teams": {"(no team)"},
    "channels": {"(no channel)"},
}
"""What every account has."""


def values_of(known: Known, parameter: str) -> set[str]:
    """What a filter may name of an account: what its conversations have, its agents, its sources."""
    values = {value for one in known.conversations for value in filtered_by(one)[parameter]} - {None}
    if parameter == "source_systems":
        values |= set(known.agents)
    if parameter == "agents":
        for agents in known.agents.values():
            values |= {row[name] for row in agents.values() for name in ("agent_id", "email")} - {None}
        for one in known.conversations:
            values |= {message.sender for message in one.messages} - {None}
    return values | WORDS.get(parameter, set())


def is_asked(question: Question, day: date) -> bool:
    return question.first_day <= day <= question.last_day


Period = tuple[date, date]
"""Start, end (exclusive)."""


def period_of(account: Account, question: Question, day: date) -> Period:
    """The period of a day of the range: "a week or month that reaches over the range is cut at it"."""
    if question.grain == "period":
        start, end = question.first_day, question.last_day + DAY
    else:
        (start, end) = next(
            (start, end) for grain, start, end in oracle.periods_of(account, day) if grain == question.grain
        )
    return max(start, question.first_day), min(end, question.last_day + DAY)


def period_columns(known: Known, question: Question, start: date, end: date) -> Row:
    """What says which period a row is of."""
    is_complete = known.through is not None and oracle.local_midnight(known.account, end) <= known.through
    return {
        "account_id": known.account.id,
        "grain": question.grain,
        "period_start": start,
        "period_end": end,
        "is_complete": is_complete,
    }


class Buckets:
    """What each row of a report is computed from, by period and the report's own key."""

    def __init__(self, known: Known, question: Question) -> None:
        self.known, self.question = known, question
        self.buckets: defaultdict[tuple[Period, tuple[Any, ...]], Bucket] = defaultdict(Bucket)

    def at(self, day: date, *key: Any) -> Bucket:
        return self.buckets[period_of(self.known.account, self.question, day), key]

    def rows(self) -> list[tuple[tuple[Any, ...], Row, Row]]:
        """(key, period columns, measures) of every row."""
        found = []
        for ((start, end), key), bucket in self.buckets.items():
            columns = period_columns(self.known, self.question, start, end)
            found.append((key, columns, oracle.measures(bucket, self.known.account.rating_scale)))
        return found

    def add_messages(self, one: Conversation, key: Callable[[oracle.Message], tuple[Any, ...]]) -> None:
        """ "Messages follow" their conversation, "at their own date"."""
        for message in one.messages:
            if is_asked(self.question, message.sent_date):
                self.at(message.sent_date, *key(message)).messages.append(message)


def overview(known: Known, chosen: list[Conversation], question: Question) -> list[Row]:
    """ "Empty days inside the account's active dates stay rows of zeros"; "`period` always gives its one row"."""
    buckets = Buckets(known, question)
    if question.grain == "period":
        buckets.at(question.first_day)
    active = oracle.active_days(known.conversations)
    if active:
        day = max(min(active), question.first_day)
        while day <= min(max(active), question.last_day):
            buckets.at(day)
            day += DAY
    for one in chosen:
        if is_asked(question, one.details["started_date"]):
            oracle.add_conversation(buckets.at(one.details["started_date"]), one)
        buckets.add_messages(one, lambda message: ())
    return [columns | figures for _, columns, figures in buckets.rows()]


def by_agent(known: Known, chosen: list[Conversation], question: Question) -> list[Row]:
    """All agents that have something in the chosen conversations, "also the other" ones, credited as in the mart."""
    buckets = Buckets(known, question)
    for one in chosen:
        source, assignee, started = (one.details[name] for name in ("source_system", "agent_id", "started_date"))
        if is_asked(question, started):
            buckets.at(started, source, assignee).conversations.append(one.details)
            if one.first_response:
                buckets.at(started, source, one.first_response.sender).first_responses.append(one.details)
            for reply in one.replies:
                buckets.at(started, source, reply.agent_id).replies.append(reply)

        def credited(message: oracle.Message, source: str = source, assignee: str | None = assignee) -> tuple[Any, ...]:
            return source, assignee if message.is_inbound else message.sender

        buckets.add_messages(one, credited)
    rows = []
    for (source, agent_id), columns, figures in buckets.rows():
        agent = known.agents[source].get(agent_id, {})
        name = oracle.UNASSIGNED if agent_id is None else agent.get("name")
        who = {"source_system": source, "agent_id": agent_id, "agent_name": name, "agent_email": agent.get("email")}
        rows.append(columns | who | figures)
    return rows


def by_group(group: str, known: Known, chosen: list[Conversation], question: Question) -> list[Row]:
    """All tags, teams or channels of the chosen conversations; "shares are of the chosen ones"."""
    buckets = Buckets(known, question)
    whole: defaultdict[date, int] = defaultdict(int)
    for one in chosen:
        started = one.details["started_date"]
        if is_asked(question, started):
            whole[period_of(known.account, question, started)[0]] += 1
        for name in oracle.GROUPS[group](one.details):
            if is_asked(question, started):
                oracle.add_conversation(buckets.at(started, name), one)

            def grouped(message: oracle.Message, name: str = name) -> tuple[Any, ...]:
                return (name,)

            buckets.add_messages(one, grouped)
    rows = []
    for (name,), columns, figures in buckets.rows():
        share = oracle.ratio(figures["conversations"], whole[columns["period_start"]])
        rows.append(columns | {group: name, "share_of_conversations": share} | figures)
    return rows


def by_target(known: Known, chosen: list[Conversation], question: Question) -> list[Row]:
    """All targets and teams with a unit in the chosen conversations."""
    counts: defaultdict[tuple[Period, str, str], Counter[str]] = defaultdict(Counter)
    for one in chosen:
        started = one.details["started_date"]
        for unit in one.units if is_asked(question, started) else []:
            period = period_of(known.account, question, started)
            for team in oracle.GROUPS["team"](one.details):
                counts[period, unit.target, team][unit.outcome] += 1
    return [
        period_columns(known, question, *period) | {"target": target, "team": team} | oracle.target_columns(counted)
        for (period, target, team), counted in counts.items()
    ]


def by_flow(known: Known, chosen: list[Conversation], question: Question) -> list[Row]:
    """Flows by their runs, of which filters choose those of the chosen conversations: "a run without a known
    conversation counts where no filter is given, or none but `source_systems`, which asks for its own".
    """
    ids = {(one.details["source_system"], one.details["conversation_id"]) for one in chosen}
    others = replace(question, source_systems=None)
    is_unfiltered = others == Question(question.account, question.first_day, question.last_day, question.grain)
    found: defaultdict[tuple[Period, str, str], list[FlowRun]] = defaultdict(list)
    for run in known.flow_runs:
        if run.conversation is None:
            is_of_source = question.source_systems is None or run.source in question.source_systems
            matches = is_unfiltered and is_of_source
        else:
            matches = (run.source, run.conversation) in ids
        if matches and is_asked(question, run.started_date):
            period = period_of(known.account, question, run.started_date)
            found[period, run.source, run.flow].append(run)
    names = oracle.latest_names(known.flow_runs)
    rows = []
    for ((start, end), source, flow), runs in found.items():
        which = {"source_system": source, "flow_id": flow, "flow_name": names.get((source, flow))}
        rows.append(period_columns(known, question, start, end) | which | oracle.flow_figures(runs))
    return rows


def details(known: Known, chosen: list[Conversation], question: Question) -> list[Row]:
    return [one.details for one in chosen if is_asked(question, one.details["started_date"])]


def traffic(known: Known, chosen: list[Conversation], question: Question) -> list[Row]:
    """By weekday (1 Monday) and hour of the wall clock: "conversations started and messages"."""
    hours = {(weekday, hour): Bucket() for weekday in range(1, 8) for hour in range(24)}

    def at(instant: datetime) -> Bucket | None:
        wall = oracle.local_time(known.account, instant)
        return hours[wall.isoweekday(), wall.hour] if is_asked(question, wall.date()) else None

    for one in chosen:
        if bucket := at(one.details["started_at"]):
            bucket.conversations.append(one.details)
        for message in one.messages:
            if bucket := at(message.sent_at):
                bucket.messages.append(message)
    rows = []
    for (weekday, hour), bucket in hours.items():
        figures = oracle.measures(bucket, known.account.rating_scale)
        names = ("conversations", "messages", "messages_inbound", "messages_outbound", "messages_failed")
        key = {"account_id": known.account.id, "weekday": weekday, "hour": hour}
        rows.append(key | {name: figures[name] for name in names})
    return rows


def compare(known: Known, chosen: list[Conversation], question: Question) -> list[Row]:
    """The range, "the one before, of equal length", and "the same one a year before"."""
    first, last = question.first_day, question.last_day
    ranges = {
        "period": (first, last),
        "period_before": (first - (last - first) - DAY, first - DAY),
        "year_before": (year_before(first), year_before(last)),
    }
    if first.day == 1 and (last + DAY).day == 1:  # whole months stand beside whole months
        ranges["year_before"] = (year_before(first), year_before(last + DAY) - DAY)
    rows = []
    for compared, (start, end) in ranges.items():
        own = replace(question, first_day=start, last_day=end, grain="period")
        for row in overview(known, chosen, own):
            del row["grain"]
            rows.append(row | {"compared": compared})
    return rows


def year_before(day: date) -> date:
    """The same date of the year before; the 28th for a 29 February."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def backlog(known: Known, chosen: list[Conversation], question: Question) -> list[Row]:
    """As the mart, of the teams of the chosen conversations; by hour, "the hour of the wall clock"."""
    rows = []
    for source, days in asked_days(known, question).items():
        own = [one for one in chosen if one.details["source_system"] == source]
        for team in {oracle.team_of(one) for one in own}:
            courses = [oracle.course_of(one) for one in own if oracle.team_of(one) == team]
            for day in days:
                key = {"account_id": known.account.id, "source_system": source, "team": team, "local_date": day}
                for start, end in periods_of_day(known.account, day, question.grain):
                    hour = {"hour_start": start if question.grain == "hour" else None}
                    rows.append(key | hour | oracle.backlog_of(courses, start, end))
    return rows


def asked_days(known: Known, question: Question) -> dict[str, list[date]]:
    """The days of each source that are asked for."""
    found = {}
    for source, reached in known.reached.items():
        own = [one for one in known.conversations if one.details["source_system"] == source]
        found[source] = [day for day in oracle.days_of(known.account, own, reached) if is_asked(question, day)]
    return found


def backlog_details(known: Known, chosen: list[Conversation], question: Question) -> list[Row]:
    """ "One row per conversation and day at whose end it is open"."""
    rows = []
    for source, days in asked_days(known, question).items():
        courses = [oracle.course_of(one) for one in chosen if one.details["source_system"] == source]
        for day in days:
            for start, end in periods_of_day(known.account, day, question.grain):
                period = {"local_date": day, "hour_start": start if question.grain == "hour" else None}
                rows += [period | standing(course, end) for course in courses if oracle.is_open(course, end)]
    return rows


def standing(course: oracle.Course, end: datetime) -> Row:
    """How an open conversation stands: "the three of the wait only of those waiting for us"."""
    one, wait, change = course.conversation, oracle.wait_at(course, end), oracle.last_change(course, end)
    assert change is not None
    has_messages = any(message.sent_at < end and not message.is_failed for message in one.messages)
    state, since, nobody_replied = "waiting_for_customer" if has_messages else None, None, None
    if wait is not None:
        state = "waiting_for_us" if wait[1] else "waiting_unknown"
        since, _, nobody_replied = wait if wait[1] else (None, False, None)
    return {
        **{name: one.details[name] for name in ("account_id", "source_system", "conversation_id")},
        "team": oracle.team_of(one),
        "opened_at": change[0],
        "state": state,
        "is_unanswered": nobody_replied,
        "waiting_since": since,
        "waiting_seconds": since and oracle.elapsed_seconds(since, end),
        "open_seconds": oracle.elapsed_seconds(change[0], end),
    }


def periods_of_day(account: Account, day: date, grain: str) -> list[tuple[datetime, datetime]]:
    """The day, or its hours: "an hour that the clock shows twice is two". An hour begins where the clock shows another
    one, or goes another way.
    """
    start, end = oracle.local_midnight(account, day), oracle.local_midnight(account, day + DAY)
    starts = [start]
    if grain == "hour":
        shown = None
        for minute in range((end - start) // timedelta(minutes=1)):
            wall = oracle.local_time(account, start + timedelta(minutes=minute))
            if shown is not None and shown != (wall.hour, wall.utcoffset()):
                starts.append(start + timedelta(minutes=minute))
            shown = wall.hour, wall.utcoffset()
    return list(zip(starts, [*starts[1:], end], strict=True))


REPORTS: dict[str, Callable[[Known, list[Conversation], Question], list[Row]]] = {
    "overview": overview,
    "by_agent": by_agent,
    **{f"by_{group}": partial(by_group, group) for group in oracle.GROUPS},
    "by_target": by_target,
    "by_flow": by_flow,
    "details": details,
    "traffic": traffic,
    "compare": compare,
    "backlog": backlog,
    "backlog_details": backlog_details,
}
OF_BACKLOG = ("backlog", "backlog_details")
"""Those whose grain is a day or an hour."""
