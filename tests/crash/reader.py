"""A reader of the current release, and what must hold in each one that it ever sees.

    python -m tests.crash.reader CURRENT OUTPUT

opens the link again and again, and writes a line of JSON for each release seen first (``{"release": …}``) and for
whatever is wrong (``{"flaw": …}``). It ends with its standard input, and then tells how often it looked
(``{"looks": …}``). Here: nothing of what writes releases.
"""

from __future__ import annotations

import json
import select
import sys
import time
from pathlib import Path
from typing import Any

import duckdb

from expectations.marts import MARTS

_TOTALS = "sum(conversations) as conversations, sum(messages) as messages"
_CHECKS = {
    "the sums of days, weeks and months are not the same": f"""
        with sums as (select account_id, grain, {_TOTALS} from overview group by all)
        select * from sums as days join sums as others using (account_id)
        where days.grain = 'day' and (days.conversations, days.messages) <> (others.conversations, others.messages)""",
    "overview and details do not agree": """
        with days as (
            select account_id, sum(conversations) as conversations from overview where grain = 'day' group by 1),
        rows as (select account_id, count(*) as conversations from details group by 1)
        select * from days full join rows using (account_id)
        where coalesce(days.conversations, 0) <> coalesce(rows.conversations, 0)""",
    "by_agent and overview do not agree": f"""
        with agents as (select account_id, grain, period_start, {_TOTALS} from by_agent group by all)
        select * from overview left join agents using (account_id, grain, period_start)
        where (overview.conversations, overview.messages)
            <> (coalesce(agents.conversations, 0), coalesce(agents.messages, 0))""",
    **{
        f"the rows of {mart} are not those that the release tells": f"""
        from release where {mart}_rows is distinct from (select count(*) from {mart})"""
        for mart in MARTS
    },
}


def look(path: Path) -> tuple[str, list[str]]:
    """The id of a release, and what is wrong with it."""
    with duckdb.connect(str(path), read_only=True) as connection:
        ids = connection.execute("select release_id from release").fetchall()
        if len(ids) != 1:
            return "", [f"{path}: {len(ids)} rows in release"]
        (release,) = ids[0]
        return release, [
            f"{release}: {what}" for what, query in _CHECKS.items() if connection.execute(query).fetchone() is not None
        ]


def flaws(path: Path) -> list[str]:
    """What is wrong with a release, also that it cannot be opened."""
    try:
        return look(path)[1]
    except duckdb.Error as error:
        return [f"{path}: {error}"]


def flaws_of_exports(link: Path) -> list[str]:
    """What is wrong with the Parquet exports of a release, if there are any, also that they cannot be read."""
    if not link.is_dir():
        return []
    folder = link.resolve()  # a reader of several files stays in one release
    try:
        with duckdb.connect() as connection:
            for table in (*MARTS, "release"):
                connection.execute(f"create view {table} as select * from read_parquet('{folder / table}.parquet')")
            (release,) = connection.execute("select release_id from release").fetchone() or ("no release",)
            wrong = [what for what, query in _CHECKS.items() if connection.execute(query).fetchone() is not None]
    except duckdb.Error as error:
        return [f"{folder}: {error}"]
    if folder.parent.name != release:
        wrong.append(f"they are those of {release}")
    return [f"{folder}: {line}" for line in wrong]


def _watch(path: Path, output: Path) -> None:
    seen, looks = "", 0
    with output.open("w") as file:

        def tell(**what: Any) -> None:
            file.write(json.dumps(what) + "\n")
            file.flush()

        while not select.select([sys.stdin], [], [], 0)[0]:
            if path.exists() or seen:
                looks += 1
                try:
                    release, wrong = look(path)
                except duckdb.Error as error:
                    tell(flaw=f"after {seen or 'nothing'}: {error}")
                else:
                    for line in wrong:
                        tell(flaw=line)
                    if release < seen:  # their names begin with the time
                        tell(flaw=f"{release} after {seen}: back to an older release")
                    if release != seen:
                        tell(release=release)
                    seen = release
            time.sleep(0.15)
        tell(looks=looks)


if __name__ == "__main__":
    _watch(Path(sys.argv[1]), Path(sys.argv[2]))
