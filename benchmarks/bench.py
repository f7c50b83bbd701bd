"""How fast causerie is, item by item: each sub-command measures one thing and puts its limits beside the figures.

    python benchmarks/bench.py whole --conversations 10000
    python benchmarks/bench.py all --write

`--write` puts an item into docs/benchmarks.md in the place of its last figures. Nothing is left behind but the demo
drops in `--folder`. Linux only: reads /proc.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.audit import audit
from benchmarks.drops import Given, workshop
from benchmarks.engines import engines
from benchmarks.incremental import incremental
from benchmarks.ingest import FORMATS, ingest
from benchmarks.many_batches import THREE_YEARS, many_batches
from benchmarks.measuring import ROOT, CommandError, measure
from benchmarks.new_batches import AGES, KINDS, SPREAD, Mix
from benchmarks.page import PAGE, Report, show, update
from benchmarks.pages import pages
from benchmarks.postgres import postgres
from benchmarks.reports import reports
from benchmarks.scale import scale
from benchmarks.startup import startup
from benchmarks.whole import whole

MILLION = 1_000_000
Item = Callable[[argparse.Namespace, Given, Path], Report]


def parser() -> argparse.ArgumentParser:
    """The arguments of every item; `all` has the standard sizes of each."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--history", type=int, default=730, help="days of the demo (%(default)s)")
    common.add_argument("--seed", type=int, default=1, help="of the demo and the new batches (%(default)s)")
    common.add_argument("--folder", type=Path, help="keep the demo drops here, and use them again")
    common.add_argument("--write", action="store_true", help="put the figures into docs/benchmarks.md")
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    items = made.add_subparsers(dest="item", required=True)

    def item(
        name: str, measure: Item, what: str, sizes: list[int] | None = None, repeat: int | None = None
    ) -> argparse.ArgumentParser:
        added = items.add_parser(name, parents=[common], help=what, description=what)
        added.set_defaults(measure=measure)
        if sizes:
            added.add_argument("--conversations", type=int, nargs="+", default=sizes, help="sizes (%(default)s)")
        if repeat:
            added.add_argument("--repeat", type=int, default=repeat, help="times; medians are shown (%(default)s)")
        return added

    item("whole", _whole, "the whole run beside the hand-written script", [10_000, 100_000, MILLION], 3)
    of_days = item("incremental", _incremental, "a day's new batches on a long history", [MILLION])
    of_days.add_argument("--messages", type=int, nargs="+", default=[10], help="a conversation; multiples of 10")
    of_days.add_argument("--days", type=int, default=1, help="of new batches, a run each (%(default)s)")
    of_days.add_argument("--share", type=float, default=0.003, help="of the conversations, a day (%(default)s)")
    of_days.add_argument("--mix", type=_part, nargs="+", action=_Parts, default=KINDS, help=f"of {_spelled(KINDS)}")
    of_days.add_argument("--spread", action="store_true", help="changes hit all days of the history")
    of_batches = item("batches", _batches, "years of hourly batches", repeat=5)
    of_batches.add_argument("--batches", type=int, default=THREE_YEARS, help="how many (%(default)s)")
    of_batches.add_argument("--each", type=int, default=2, help="new conversations in each (%(default)s)")
    of_scale = item("scale", _scale, "growth with size, by step and model", [100_000, MILLION, 10 * MILLION])
    of_scale.add_argument("--memory-limit", help="DuckDB's, as in [resources] (causerie's default)")
    item("startup", _startup, "start-up and imports", [2_000], 5)
    of_ingest = item("ingest", _ingest, "ingesting by format, beside a bare read", [200_000], 3)
    of_ingest.add_argument("--formats", nargs="+", choices=FORMATS, default=list(FORMATS), help="which (all)")
    of_ingest.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of both (%(default)s)")
    item("audit", _audit, "what the expectations cost", [100_000, MILLION], 1)
    item("reports", _reports, "the table macros, for any filter", [MILLION], 3)
    item("pages", _pages, "the report pages, for the server and a browser", [MILLION], 5)
    item("postgres", _postgres, "a release in PostgreSQL; WAREHOUSE_DSN names a database", [100_000, MILLION])
    of_engines = item("engines", _engines, "DuckDB and Spark on one machine", [20_000, 100_000, MILLION])
    of_engines.add_argument("--memory", default="6g", help="of a session of Spark (%(default)s)")
    everything = items.add_parser(
        "all", parents=[common], help="all but scale, postgres and engines, at their standard sizes"
    )
    everything.add_argument("--small", action="store_true", help="small sizes: to see that the bench works")
    everything.set_defaults(measure=None)
    return made


class _Parts(argparse.Action):
    """Several KIND=PARTS as one mapping."""

    def __call__(self, _: object, namespace: argparse.Namespace, values: object, option: str | None = None) -> None:
        setattr(namespace, self.dest, dict(values))  # type: ignore[call-overload]


def _part(argument: str) -> tuple[str, int]:
    kind, _, part = argument.partition("=")
    if kind not in KINDS or not part.isdigit():
        raise argparse.ArgumentTypeError(f"'{argument}': write it as {_spelled(KINDS)}")
    return kind, int(part)


def _spelled(kinds: Mapping[str, int]) -> str:
    return " ".join(f"{kind}={part}" for kind, part in kinds.items())


def _whole(given: argparse.Namespace, on: Given, work: Path) -> Report:
    return whole(on, work, given.conversations, given.repeat)


def _incremental(given: argparse.Namespace, on: Given, work: Path) -> Report:
    mix = Mix(given.share, given.mix, SPREAD if given.spread else AGES)
    return incremental(on, work, given.conversations, given.messages, given.days, mix)


def _batches(given: argparse.Namespace, on: Given, work: Path) -> Report:
    return many_batches(work, given.batches, given.each, given.repeat)


def _scale(given: argparse.Namespace, on: Given, work: Path) -> Report:
    resources = f'memory_limit = "{given.memory_limit}"' if given.memory_limit else ""
    return scale(on, work, given.conversations, resources)


def _engines(given: argparse.Namespace, on: Given, work: Path) -> Report:
    return engines(on, work, given.conversations, given.memory)


def _startup(given: argparse.Namespace, on: Given, work: Path) -> Report:
    return startup(on, work, given.conversations[0], given.repeat)


def _ingest(given: argparse.Namespace, on: Given, work: Path) -> Report:
    return ingest(on, work, given.conversations[0], given.repeat, given.threads, given.formats)


def _audit(given: argparse.Namespace, on: Given, work: Path) -> Report:
    return audit(on, work, given.conversations, given.repeat)


def _reports(given: argparse.Namespace, on: Given, work: Path) -> Report:
    return reports(on, work, given.conversations, given.repeat)


def _pages(given: argparse.Namespace, on: Given, work: Path) -> Report:
    return pages(on, work, given.conversations, given.repeat)


def _postgres(given: argparse.Namespace, on: Given, work: Path) -> Report:
    return postgres(on, work, given.conversations)


STANDARD = (
    ("startup",),
    ("ingest",),
    ("whole",),
    ("incremental", "--messages", "10", "40", "--days", "3"),
    ("incremental", "--spread"),
    ("batches",),
    ("audit",),
    ("reports",),
    ("pages",),
)
"""What `all` measures, the quick ones first."""
SMALL = (
    ("startup", "--repeat", "1"),
    ("ingest", "--conversations", "2000", "--repeat", "1"),
    ("whole", "--conversations", "2000", "--repeat", "1"),
    ("incremental", "--conversations", "2000", "--messages", "10", "20", "--days", "2"),
    ("incremental", "--conversations", "2000", "--spread"),
    ("batches", "--batches", "100", "--repeat", "1"),
    ("scale", "--conversations", "1000", "2000"),
    ("audit", "--conversations", "2000"),
    ("reports", "--conversations", "2000", "--repeat", "1"),
    ("pages", "--conversations", "2000", "--repeat", "1"),
)
"""What `all --small` measures: to see that the bench works, not how fast anything is."""


def main() -> None:
    """Run one item or all; status 1 when a command failed. A missed limit is a figure, not a failure."""
    arguments = parser()
    given = arguments.parse_args()
    chosen = [given]
    if given.measure is None:
        common = [f"--history={given.history}", f"--seed={given.seed}", *(["--write"] if given.write else [])]
        common += [f"--folder={given.folder}"] if given.folder else []
        chosen = [arguments.parse_args([*item, *common]) for item in (SMALL if given.small else STANDARD)]
    failed = []
    with workshop() as work:
        measure([sys.executable, "-m", "orchestration.dbt.process"], ROOT)  # the installation parses it
        for item in chosen:
            try:
                report = item.measure(item, Given(item.folder, item.history, item.seed), work)
            except CommandError as error:
                failed.append(f"{item.item}: {error}")
                print(failed[-1], file=sys.stderr)
                continue
            show(report)
            if item.write:
                update(PAGE, report)
    if failed:
        sys.exit(f"{len(failed)} of {len(chosen)} could not be measured")


if __name__ == "__main__":
    main()
