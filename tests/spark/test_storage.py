"""Raw in the engine's storage, a folder or a bucket: copied once and whole, made again where it is not, and removed.

Here: the storage and the hand-over, with an object store on this machine (moto's), which Spark itself is not asked to
read. Not here: builds (`test_addresses`, `test_killed`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import duckdb
import pytest

from ingestion import ingest
from ingestion.accepted import accepted_batches
from ingestion.builds.build_file import create_build
from ingestion.raw import compaction
from ingestion.settings import SettingsError, load_settings
from orchestration.home import Build, Home
from orchestration.spark import handover
from orchestration.spark.storage import Storage, StorageError
from tests.drops import conversation, message, write_batch, write_config
from tests.end_to_end.command import PUBLISHED, REFUSED, causerie
from tests.spark.object_store import BUCKET, bucket_of, fsspec, s3fs, served
from tests.warehouse import accept

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with served() as address:
        yield address


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with bucket_of(server, monkeypatch) as address:
        yield address


@pytest.fixture(params=["folder", "bucket"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an engine may read and write."""
    return str(request.getfixturevalue("bucket")) if request.param == "bucket" else str(tmp_path / "a lake")


@pytest.fixture
def config(tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with two accepted batches, each a segment of its own."""
    monkeypatch.setattr(ingest, "_FILES_TOGETHER", 0)
    monkeypatch.setattr(compaction, "FAN_IN", 3)
    path = written_config(tmp_path, address)
    deliver(path, 1)
    deliver(path, 2)
    return path


def written_config(folder: Path, address: str) -> Path:
    return write_config(folder, extra=f'[engine]\nkind = "spark"\nstorage = "{address}"')


def deliver(config: Path, number: int) -> None:
    rows = {
        "conversations": [conversation(f"c{number}", tags=["a", "b"])],
        "messages": [message(f"m{number}-{one}", f"c{number}") for one in "ab"],
    }
    write_batch(config.parent / "drop" / f"b{number}", rows)
    accept(config)


def hand_over(config: Path, name: str = "build") -> Build:
    settings = load_settings(config)
    build = Home(settings.home).build(name)
    shutil.rmtree(build.folder, ignore_errors=True)
    build.folder.mkdir(parents=True)
    entries, segments = accepted_batches(settings)
    create_build(build.database, settings, entries, segments)
    handover.hand_over(settings, build, segments, lambda _: None)
    return build


def raw_of(config: Path) -> dict[str, int]:
    """The files of raw in the storage of a home, and their bytes."""
    return handover.storage_of(load_settings(config)).sizes("raw")


def segments_of(config: Path) -> set[str]:
    return {f"{one.listed.source}/{one.folder.name}" for one in accepted_batches(load_settings(config))[1]}


def are_whole(config: Path, build: Build, scratch: Path) -> bool:
    """Whether the copies have exactly the rows that the views of a build have."""
    storage = handover.storage_of(load_settings(config))
    assert {name.rsplit("/", 1)[0] for name in raw_of(config)} == segments_of(config)
    with duckdb.connect(str(build.database), read_only=True) as connection:
        for entity in ("conversations", "messages"):
            files = []
            for name in (name for name in raw_of(config) if name.endswith(f"{entity}.parquet")):
                files.append(str(scratch / f"{len(files)}-{entity}.parquet"))
                storage.get(f"raw/{name}", Path(files[-1]))
            rows, copies = f"from export.{entity}", f"from read_parquet({files})"
            for one, other in ((rows, copies), (copies, rows)):
                if connection.execute(f"{one} except all {other}").fetchall():
                    return False
    return True


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what is written into a storage from now on, as it is written."""
    written: list[str] = []
    put = Storage.put

    def listened_to(self: Storage, path: Path, name: str) -> None:
        written.append(name)
        put(self, path, name)

    monkeypatch.setattr(Storage, "put", listened_to)
    return written


def of_raw(written: list[str]) -> list[str]:
    return [name for name in written if name.startswith("raw/")]


def test_files_go_there_and_back(address: str, tmp_path: Path) -> None:
    storage = Storage(address)
    path = tmp_path / "file"
    for name, content in {"a/b/one": b"1", "a/two": b"22", "c/three": b""}.items():
        path.write_bytes(content)
        storage.put(path, name)
    assert storage.sizes("a") == {"b/one": 1, "two": 2}
    assert storage.folders("a") == ["b"] and sorted(storage.folders("")) == ["a", "c"]
    assert (storage.read("a/two"), storage.read("c/three"), storage.read("a/three")) == (b"22", b"", None)
    storage.get("a/b/one", path)
    assert path.read_bytes() == b"1"
    path.write_bytes(b"other")
    storage.put(path, "a/b/one")
    assert storage.read("a/b/one") == b"other"
    storage.remove("a")
    assert (storage.sizes("a"), storage.folders("a"), storage.sizes("c")) == ({}, [], {"three": 0})
    storage.remove("a")
    with pytest.raises(StorageError, match="a/two"):
        storage.get("a/two", path)


def test_segments_are_copied_once(config: Path, writes: list[str], tmp_path: Path) -> None:
    assert are_whole(config, hand_over(config), tmp_path)
    first = of_raw(writes)
    assert len(first) == len(set(first)) == 6  # two entities of two segments, and what says that they are whole
    writes.clear()
    hand_over(config)
    assert of_raw(writes) == [] and writes, "the configuration of a build is its own"
    deliver(config, 3)
    writes.clear()
    assert are_whole(config, hand_over(config), tmp_path)
    assert len(of_raw(writes)) == 3 and not {*of_raw(writes)} & {*first}


@pytest.mark.parametrize("harm", ["shorter", "gone", "not said to be whole", "half said to be whole"])
def test_copies_that_are_not_whole_are_made_again(config: Path, harm: str, writes: list[str], tmp_path: Path) -> None:
    hand_over(config)
    storage = handover.storage_of(load_settings(config))
    about = min(name for name in raw_of(config) if name.endswith(handover.COPIED))
    copy = about.replace(handover.COPIED, "messages.parquet")
    harmed = f"raw/{copy if harm in ('shorter', 'gone') else about}"
    content = storage.read(harmed)
    assert content is not None
    storage.remove(harmed)
    if harm in ("shorter", "half said to be whole"):
        cut = tmp_path / "cut"
        cut.write_bytes(content[: len(content) // 2])
        storage.put(cut, harmed)
    writes.clear()
    assert are_whole(config, hand_over(config), tmp_path)
    assert {name.rsplit("/", 1)[0] for name in of_raw(writes)} == {harmed.rsplit("/", 1)[0]}


def test_what_no_build_will_read_is_removed(config: Path, tmp_path: Path) -> None:
    hand_over(config, "first")
    storage = handover.storage_of(load_settings(config))
    before = raw_of(config)
    deliver(config, 3)
    compaction.compact(load_settings(config), lambda _: None)
    second = hand_over(config, "second")
    assert are_whole(config, second, tmp_path)
    assert len(segments_of(config)) == 1 and not before.keys() & raw_of(config).keys()
    assert storage.folders("builds") == ["second"]


def test_what_is_there_and_not_in_the_ledger_does_not_count(config: Path, tmp_path: Path) -> None:
    hand_over(config)
    storage = handover.storage_of(load_settings(config))
    alien = tmp_path / "alien"
    alien.write_bytes(b"alien")
    storage.put(alien, "raw/acme_export/alien/messages.parquet")
    storage.put(alien, "raw/strangers/alien/messages.parquet")
    build = hand_over(config)
    assert are_whole(config, build, tmp_path)
    views = json.loads((build.folder / handover.HANDED_OVER).read_text())["views"]
    assert all(name.rsplit("/", 1)[-1] in views["export.messages"] for name in segments_of(config))
    assert "alien" not in views["export.messages"]


def test_s3_and_s3a_are_one(bucket: str, tmp_path: Path, writes: list[str]) -> None:
    config = written_config(tmp_path, bucket)
    deliver(config, 1)
    one = hand_over(config)
    before = raw_of(config)
    writes.clear()
    written_config(tmp_path, bucket.replace("s3://", "s3a://"))
    other = hand_over(config)
    assert of_raw(writes) == [] and raw_of(config) == before
    orders = [json.loads((build.folder / handover.HANDED_OVER).read_text()) for build in (one, other)]
    assert orders[0]["views"] == orders[1]["views"] and orders[0]["location"] == orders[1]["location"]
    assert all(view.startswith(f"s3a://{BUCKET}/causerie/") for view in orders[0]["views"].values())


def refuse_keys(monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    """From now on the object store knows nobody."""
    set_free_actions(server, "0")


def set_free_actions(server: str, number: str) -> None:
    plain = {"Content-Type": "text/plain"}
    urlopen(Request(f"{server}/moto-api/reset-auth", number.encode(), plain, method="POST")).close()


def forget_keys(monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def go_away(monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")


def lose_bucket(monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    fsspec.filesystem("s3").rm(BUCKET, recursive=True)


TROUBLES: dict[str, tuple[Callable[[pytest.MonkeyPatch, str], None], str]] = {
    "keys that nobody knows": (refuse_keys, "PermissionError: Forbidden"),
    "no keys": (forget_keys, "NoCredentialsError: Unable to locate credentials"),
    "no server": (go_away, "Could not connect to the endpoint"),
    "no bucket": (lose_bucket, "The specified bucket does not exist"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_trouble_is_said_in_words_and_does_no_harm(
    trouble: str, bucket: str, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = written_config(tmp_path, bucket)
    deliver(config, 1)
    happen, words = TROUBLES[trouble]
    try:
        with monkeypatch.context() as patch:
            happen(patch, server)
            s3fs.S3FileSystem.clear_instance_cache()
            with pytest.raises(StorageError, match=f"^engine.storage: {bucket}/.*{words}.*run again"):
                hand_over(config)
    finally:
        set_free_actions(server, "inf")
    s3fs.S3FileSystem.clear_instance_cache()
    files = fsspec.filesystem("s3")
    if trouble == "no bucket":
        assert not files.exists(BUCKET), "a bucket is made by its owner"
        files.mkdir(BUCKET)
    assert are_whole(config, hand_over(config), tmp_path)


def test_a_copy_that_is_not_what_was_written_is_refused(
    config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put = Storage.put

    def with_another_bit(self: Storage, path: Path, name: str) -> None:
        content = path.read_bytes()
        path.write_bytes(bytes([content[0] ^ 1]) + content[1:] if name.startswith("raw/") else content)
        put(self, path, name)
        path.write_bytes(content)

    with monkeypatch.context() as patch:
        patch.setattr(Storage, "put", with_another_bit)
        with pytest.raises(StorageError, match="is not there as it was written; run again"):
            hand_over(config)
    assert not [name for name in raw_of(config) if name.endswith(handover.COPIED)]
    assert are_whole(config, hand_over(config), tmp_path)


@pytest.mark.parametrize("address", ["nowhere://lake", "gcs://lake"])
def test_storage_without_a_driver_is_a_mistake_of_the_configuration(address: str) -> None:
    with pytest.raises(SettingsError, match=rf"^engine.storage: {address}: .*pip install 'causerie\[spark\]'"):
        Storage(address)


@pytest.mark.parametrize("character", "'`\\*?[]{}")
def test_storage_that_spark_would_read_as_a_pattern_is_refused(character: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"engine.storage: .* contains one of .*; name a place without these"):
        Storage(f"{tmp_path}/a{character}b")


def test_a_run_that_cannot_reach_its_storage_leaves_the_release(bucket: str, tmp_path: Path) -> None:
    config = write_config(tmp_path)
    deliver(config, 1)
    assert causerie("run", "--config", config).returncode == PUBLISHED
    home = Home(load_settings(config).home)
    release = home.current.readlink()
    config.write_text(config.read_text() + f'[engine]\nkind = "spark"\nstorage = "{bucket.replace(BUCKET, "sea")}"\n')
    done = causerie("run", "--config", config)
    assert done.returncode == REFUSED
    said = " ".join(done.stdout.split())
    assert f"engine.storage: {bucket.replace(BUCKET, 'sea')}/causerie_" in said and "bucket does not exist" in said
    assert home.current.readlink() == release
    with duckdb.connect(str(home.current_file), read_only=True) as connection:
        assert connection.execute("select count(*) from details").fetchall() == [(1,)]
