"""Item `reports`: how long the table macros of a release take, for any filter.

Here: each report by each grain and filter, over all days and over one month. Not here: whether they are right
(``tests/marts/test_reports.py``), or how a release comes about (``whole``).
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from statistics import median

import duckdb

from benchmarks.drops import Given, configure, demo
from benchmarks.measuring import causerie_run, measure
from benchmarks.page import Report, at_most, table
from reports.published import accounts, agents, filter_values, opened
from reports.queries import REPORTS, Filters, sql_of
from reports.queries import Report as Published

SECONDS, MILLION = 1.0, 1_000_000


def reports(given: Given, work: Path, sizes: Sequence[int], repeat: int) -> Report:
    """Publish a release of every size and ask it.

    Raises:
        CommandError: a run failed.
    """
    report = Report("reports", "Reports for any filter")
    report.blocks.append(
        "The table macros of a release whose conversations all belong to one account, from a process that keeps the"
        f" release open, with DuckDB's defaults: every row fetched as Arrow, medians of {repeat}. The filters: three"
        " agents; a tag of the contact; two tags of the conversation within working hours. *Worst*: over grains and"
        " filters."
    )
    rows: list[list[object]] = []
    for size in sizes:
        _, release = release_of_one_account(given, work, size)
        worst = 0.0
        for name, days, asked, seconds, found in _asked(release, repeat):
            rows.append([f"{size:,}", name, days, f"{seconds:.3f}", f"{asked}", f"{found:,}"])
            worst = max(worst, seconds)
        command = f"python benchmarks/bench.py reports --conversations {size}"
        what = f"{size:,} conversations of one account: the slowest report"
        report.limits.append(at_most(what, worst, SECONDS, command, unit=" s", asked=size >= MILLION))
    report.blocks.append(table(["conversations", "report", "days", "worst s", "asked", "rows"], rows))
    return report


def release_of_one_account(given: Given, work: Path, size: int) -> tuple[Path, Path]:
    """Publish a demo all of whose sources belong to its first account: the configuration, and the file.

    Raises:
        CommandError: the run failed.
    """
    config = configure(demo(given, work, size), work / f"one-account-{size}")
    text = config.read_text(encoding="utf-8")
    ids = re.findall(r'^account = "(.*)"$', text, flags=re.MULTILINE)
    config.write_text(re.sub(r"^account = .*$", f'account = "{ids[0]}"', text, flags=re.MULTILINE), encoding="utf-8")
    measure(causerie_run(config), config.parent)
    return config, (config.parent / "home" / "releases" / "current" / "causerie.duckdb").resolve()


def _asked(release: Path, repeat: int) -> Iterator[tuple[str, str, str, float, int]]:
    """Of each report and range the slowest question: its name, the range, what was asked, seconds, rows."""
    with opened(release) as connection:
        account = max(accounts(connection), key=lambda account: account.last_date or date.min)
        assert account.first_date is not None and account.last_date is not None
        name = account.account_id
        values = filter_values(connection)
        tags = {field: sorted(values[name, field]) for field in ("contact_tags", "conversation_tags")}
        some = {
            "no filter": {},
            "agents": {"agents": tuple(agent.agent_id for agent in agents(connection, name)[:3])},
            "contact tag": {"contact_tags": tuple(tags["contact_tags"][:1])},
            "tags, hours": {
                "conversation_tags": tuple(tags["conversation_tags"][:2]),
                "working_hours": "inside",
            },
        }
        month = account.last_date - timedelta(days=29)
        for kind in REPORTS.values():
            for days, first in (("all", account.first_date), ("30", month)):
                grains = [grain for grain in ("day", "week", "month", "period") if grain in kind.grains] or ["day"]
                slowest = max(
                    (
                        *_time(connection, kind, Filters(name, first, account.last_date, grain, **filters), repeat),
                        grain,
                        words,
                    )  # type: ignore[arg-type]
                    for grain in grains
                    for words, filters in some.items()
                )
                seconds, found, grain, words = slowest
                yield kind.name, days, f"{grain}, {words}" if kind.grains else words, seconds, found


def _time(connection: duckdb.DuckDBPyConnection, kind: Published, filters: Filters, repeat: int) -> tuple[float, int]:
    source, values = sql_of(kind, filters)
    seconds = []
    for _ in range(repeat):
        begun = time.perf_counter()
        rows = connection.execute(f"select * from {source}", values).to_arrow_table().num_rows
        seconds.append(time.perf_counter() - begun)
    return median(seconds), rows
