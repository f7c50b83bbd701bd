"""Where an engine on other machines reads and writes: a folder, or a bucket of an object store.

Here: files by their names below one address, through fsspec. Not here: what the files are (``handover``,
``bring_back``). Credentials are what fsspec's drivers take from the environment.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingestion.settings import SettingsError

REMEDY = "builds on Spark need more: pip install 'causerie[spark]', and the driver of fsspec for this kind of storage"
_NOT_TAKEN = "'`\\*?[]{}"
"""What an address cannot contain: Spark would read it as the end of a name, or as a pattern of names."""


class StorageError(Exception):
    """The storage cannot be reached, or does not do what it is asked."""


class Storage:
    """The files below an address, by names with ``/``. ``s3://`` and ``s3a://`` are one."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")
        if set(_NOT_TAKEN) & set(address):
            raise SettingsError(f"engine.storage: {address} contains one of {_NOT_TAKEN}; name a place without these")
        try:
            import fsspec

            self._files, self._root = fsspec.core.url_to_fs(self._address, use_listings_cache=False)
        except (ImportError, ValueError) as error:
            raise SettingsError(f"engine.storage: {address}: {error}; {REMEDY}") from None

    def of_engine(self, name: str) -> str:
        """The address of a file or folder as Spark writes it."""
        if "://" in self._address:
            return f"{self._address.replace('s3://', 's3a://')}/{name}"
        return f"file://{self._root}/{name}"

    def put(self, path: Path, name: str) -> None:
        """Copy a local file to here."""
        with self._asked(name) as place:
            if "file" in self._files.protocol:  # an object store has no folders: its driver would make the bucket
                self._files.makedirs(place.rsplit("/", 1)[0], exist_ok=True)
            self._files.put_file(str(path), place)

    def get(self, name: str, path: Path) -> None:
        """Copy a file of here to a local one."""
        with self._asked(name) as place:
            self._files.get_file(place, str(path))

    def read(self, name: str) -> bytes | None:
        """The content of a file; None if there is none."""
        with self._asked(name) as place:
            return bytes(self._files.cat_file(place)) if self._files.exists(place) else None

    def sizes(self, folder: str) -> dict[str, int]:
        """Bytes of each file below a folder, by its name within that."""
        with self._asked(folder) as place:
            found = self._files.find(place, detail=True)
        return {name[len(place) + 1 :]: int(about["size"]) for name, about in found.items()}

    def folders(self, folder: str) -> list[str]:
        """The names of the folders directly within a folder."""
        with self._asked(folder) as place:
            found = self._files.ls(place, detail=True) if self._files.exists(place) else []
        return [about["name"].rstrip("/").rsplit("/", 1)[-1] for about in found if about["type"] == "directory"]

    def remove(self, folder: str) -> None:
        """Remove a folder with all that is in it."""
        with self._asked(folder) as place:
            if self._files.exists(place):
                self._files.rm(place, recursive=True)

    @contextmanager
    def _asked(self, name: str) -> Iterator[str]:
        """The path of a file or folder, for what is asked of the driver; each has exceptions of its own.

        Raises:
            StorageError: the driver raised one.
        """
        try:
            yield f"{self._root}/{name}"
        except Exception as error:
            raise StorageError(
                f"engine.storage: {self._address}/{name}: {type(error).__name__}: {error}; see to its address, to the"
                " credentials in the environment and to whether it answers, then run again"
            ) from None  # the last in a chain is what a run says
