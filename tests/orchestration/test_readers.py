"""Many readers through the link while release after release is published and old ones are removed.

Every figure of a release is its number, so a reader that saw two releases at once would tell. Heavy: `make test-slow`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.contents import contents
from expectations.marts import COLUMNS
from expectations.verdict import read_verdict
from orchestration.home import Build, Home
from orchestration.releases import catalog, publication
from tests.orchestration.conftest import MakeBuild

RELEASES = int(os.environ.get("CAUSERIE_TEST_RELEASES", "100"))
READERS = 20
NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
READER = """
import json, sys, time
import duckdb

current, stop = sys.argv[1:]
seen, last, errors, connections, queries = set(), 0, [], 0, 0
while True:
    done = __import__("os").path.exists(stop)
    try:
        with duckdb.connect(current, read_only=True) as connection:
            connections += 1
            of_connection = set()
            for mart, column in (
                ("overview", "messages"), ("by_agent", "messages"), ("by_tag", "messages"), ("details", "messages"),
                ("overview", "conversations"), ("release", "cast(split_part(release_id, '-b', 2) as bigint)"),
            ) * 2:
                of_connection |= {n for (n,) in connection.execute(f"select {column} from {mart}").fetchall()}
                queries += 1
                time.sleep(0.02)
        if len(of_connection) != 1:
            errors.append(f"a mixture: {sorted(of_connection)}")
        if min(of_connection) < last:
            errors.append(f"back from {last} to {sorted(of_connection)}")
        last = max(of_connection)
        seen |= of_connection
    except Exception as error:
        errors.append(f"{type(error).__name__}: {error}")
    if done:
        break
print(json.dumps({"seen": sorted(seen), "errors": errors, "connections": connections, "queries": queries}))
"""


def numbered(home: Home, template: Build, number: int) -> Build:
    """A judged build all whose figures are ``number``."""
    build = home.build(f"b{number}")
    build.target.mkdir(parents=True)
    build.candidate.write_bytes(template.candidate.read_bytes())
    build.database.symlink_to(template.database)
    with duckdb.connect(str(build.candidate)) as connection:
        for mart, columns in COLUMNS.items():
            if "messages" in columns:
                connection.execute(f"update {mart} set messages = {number}")
        connection.execute(f"update overview set conversations = {number}")
    seen = catalog.current(home)
    judged = replace(
        read_verdict(template.verdict),
        build_id=build.id,
        contents=contents(build.candidate),
        against=seen.release_id if seen else None,
    )
    judged.write(build.verdict)
    return build


@pytest.mark.slow
def test_each_reader_sees_one_release_a_connection_and_never_an_error(
    home: Home, make_build: MakeBuild, tmp_path: Path
) -> None:
    template = make_build("template")
    publication.publish(home, numbered(home, template, 1), "f", NOW)
    stop = tmp_path / "stop"
    command = [sys.executable, "-c", READER, str(home.current_file), str(stop)]
    readers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(READERS)]
    removed = 0
    try:
        for number in range(2, RELEASES + 1):
            at = NOW + timedelta(seconds=number)
            publication.publish(home, numbered(home, template, number), "f", at)
            removed += len(catalog.remove_old(home, 3, 0, at + timedelta(seconds=1)))
    finally:
        stop.touch()
    results: list[dict[str, Any]] = [json.loads(reader.communicate()[0]) for reader in readers]
    assert [error for reader in results for error in reader["errors"]] == []
    assert all(reader["seen"][-1] == RELEASES for reader in results)
    assert len({number for reader in results for number in reader["seen"]}) > RELEASES * 0.9
    assert removed == RELEASES - 3
    assert len(catalog.kept(home)) == 3
    totals = sum(
        (Counter({name: reader[name] for name in ("connections", "queries")}) for reader in results), Counter()
    )
    print(f"{RELEASES} releases, {removed} removed; {READERS} readers: {dict(totals)}, errors 0")
