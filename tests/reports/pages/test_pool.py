from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reports.pages.pool import Pool
from reports.published import UnreadableError

pytestmark = pytest.mark.builds


def test_a_release_is_opened_once_and_closed_after_its_last_lease(link: Path) -> None:
    pool, file = Pool(), link.resolve()
    one, two = pool.lease(file), pool.lease(file)
    one.give_back()
    one.give_back()
    assert pool.files() == {file}
    assert two.cursor().execute("select count(*) from release").fetchone() == (1,)
    two.give_back()
    assert pool.files() == set()


def test_what_is_being_read_is_read_to_the_end(link: Path) -> None:
    pool = Pool()
    lease = pool.lease(link.resolve())
    cursor = lease.cursor()
    cursor.execute("select conversation_id from details")
    lease.give_back()
    assert cursor.fetchall()


def test_a_removed_release_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError):
        Pool().lease(tmp_path / "removed.duckdb")


def test_nothing_can_be_written(link: Path) -> None:
    lease = Pool().lease(link.resolve())
    with pytest.raises(Exception, match="read-only"):
        lease.cursor().execute("delete from release")
    lease.give_back()


def test_instants_are_in_utc_wherever_the_server_is(link: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from reports.pages.pool import Pool;"
        " cursor = Pool().lease(Path(sys.argv[1])).cursor();"
        " print(cursor.execute('select published_at from release').fetchone()[0].isoformat())"
    )
    process = subprocess.run(
        [sys.executable, "-c", program, str(link.resolve())],
        env={**os.environ, "TZ": "America/New_York"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stdout.strip() == "2026-11-01T03:00:00+00:00"
