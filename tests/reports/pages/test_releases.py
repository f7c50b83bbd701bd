from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reports.pages.queries import Query
from reports.pages.releases import OPEN, Releases
from reports.published import UnreadableError
from tests.reports.pages.asking import Publish

pytestmark = pytest.mark.builds

COUNT = Query("select count(*) as found from details", {})


def test_a_release_is_opened_once_and_few_stay_open(own_link: Path, publish: Publish) -> None:
    releases = Releases(own_link)
    assert releases.find() is releases.find()
    for number in range(OPEN + 1):
        publish(f"r{number}")
        releases.find()
    assert len(releases._open) == OPEN
    assert releases.find("first").release_id == "first"  # it is opened again


def test_what_is_open_is_read_on_when_retention_has_removed_it(own_link: Path, publish: Publish) -> None:
    releases = Releases(own_link)
    first = releases.find()
    publish("second")
    first.file.unlink()
    assert releases.find("first") is first
    assert first.run(COUNT).rows[0][0] > 0


def test_a_result_is_read_once(own_link: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release = Releases(own_link).find()
    found = release.run(COUNT)
    assert release.run(COUNT) is found
    assert (
        release.run(Query("select $x as found", {"x": 1})).rows
        != release.run(Query("select $x as found", {"x": 2})).rows
    )


def test_many_threads_read_one_release(own_link: Path) -> None:
    release = Releases(own_link).find()
    with ThreadPoolExecutor(8) as threads:
        asked = [Query(f"select count(*) + $n as found from details -- {n}", {"n": n}) for n in range(40)]
        found = [result.rows[0][0] for result in threads.map(release.run, asked)]
    assert found == list(range(found[0], found[0] + 40))


def test_before_the_first_publication_there_is_nothing_to_read(tmp_path: Path) -> None:
    releases = Releases(tmp_path / "none" / "causerie.duckdb")
    assert releases.current_id() is None
    with pytest.raises(UnreadableError):
        releases.find()


def test_nothing_can_be_written_and_no_other_file_read(own_link: Path, tmp_path: Path) -> None:
    release = Releases(own_link).find()
    (tmp_path / "secret.csv").write_text("a\n1\n")
    with pytest.raises(Exception, match="read-only"):
        release.run(Query("delete from release", {}))
    with pytest.raises(Exception, match="disabled by configuration"):
        release.run(Query(f"select * from '{tmp_path / 'secret.csv'}'", {}))


def test_instants_are_in_utc_wherever_the_server_is(link: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from reports import published;"
        " from reports.pages.releases import Releases;"
        " print(Releases(Path(sys.argv[1])).find().read(published.about)['published_at'].isoformat())"
    )
    process = subprocess.run(
        [sys.executable, "-c", program, str(link)],
        env={**os.environ, "TZ": "America/New_York"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stdout.strip() == "2026-11-01T03:00:00+00:00"
