"""``manifest.json``: what a batch says of itself.

Here: its shape and its validation. Not here: the files that it lists (``landing``).
"""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import AwareDatetime, BaseModel, Field, ValidationError, model_validator

from ingestion import strict_json
from ingestion.shown import shortened, visible
from ingestion.source_kinds import EXPORT, FILES
from ingestion.storage.delivered import Delivered, NotDeliveredError

MANIFEST = "manifest.json"
LARGEST = 16 << 20
"""Bytes of a manifest."""
_ISO_8601 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]")


class BatchError(Exception):
    """A batch cannot be ingested. The message names the file, what is wrong and the remedy."""


class _ManifestFile(BaseModel):
    rows: Annotated[int, Field(ge=0, strict=True)] | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")]


class Manifest(BaseModel):
    """``manifest.json``: when the batch was extracted, and rows and hash of each of its files."""

    extracted_at: AwareDatetime
    files: dict[str, _ManifestFile]

    has_rows: ClassVar[bool] = True
    """Whether the rows of each file are known."""

    @model_validator(mode="after")
    def _rows_are_given(self) -> Manifest:
        missing = [name for name, file in self.files.items() if file.rows is None] if self.has_rows else []
        if missing:
            raise ValueError(f"files.{visible(shortened(missing[0]))}.rows: Field required")
        return self

    @property
    def latest(self) -> datetime:
        """Nothing in the batch can have happened later."""
        return self.extracted_at


class LiveManifest(Manifest):
    """The manifest of a live source, written by causerie: also when the reading ended, and where the next continues.

    So rows and cursor are committed together. In a delivered manifest both keys are ignored.
    """

    finished_at: AwareDatetime | None = None
    cursor: dict[str, Any] | None = None

    @property
    def latest(self) -> datetime:
        """Changes that happened while the system was read may be in the batch, too."""
        return self.finished_at or self.extracted_at


class FilesManifest(LiveManifest):
    """The manifest of files of another system, written by causerie when it lands them: nobody has counted their rows.

    ``finished_at``: where the name of a file says the day only, the end of that day.
    """

    has_rows: ClassVar[bool] = False


def manifest_model(kind: str) -> type[Manifest]:
    """What the manifests of a kind of source say."""
    if kind == EXPORT:
        return Manifest
    return FilesManifest if kind == FILES else LiveManifest


AnyManifest = TypeVar("AnyManifest", bound=Manifest)


def read_manifest(folder: Path, delivered: Delivered | None = None) -> tuple[Manifest, bytes]:
    """The manifest of a batch and its bytes. ``delivered``: how its folder is read, when that is not our own.

    Raises:
        BatchError: it is missing or not valid.
    """
    return manifest_of(folder, delivered or Delivered(folder, folder), Manifest)


def read_live_manifest(folder: Path) -> LiveManifest:
    """The manifest of a batch of a live source.

    Raises:
        BatchError: it is missing or not valid.
    """
    return manifest_of(folder, Delivered(folder, folder), LiveManifest)[0]


def manifest_of(folder: Path, delivered: Delivered, model: type[AnyManifest]) -> tuple[AnyManifest, bytes]:
    """The manifest of a batch, with what ``model`` says, and its bytes.

    Raises:
        BatchError: it is missing or not valid.
    """
    path = folder / MANIFEST
    try:
        content = delivered.content(MANIFEST, LARGEST)
        decoded = strict_json.decoded(content)
        if isinstance(decoded, dict) and not _ISO_8601.match(str(decoded.get("extracted_at"))):
            raise BatchError(f"{path}: extracted_at: not an ISO 8601 text with an offset; write the batch again")
        manifest = model.model_validate(decoded)
    except ValidationError as error:
        mistake = error.errors()[0]
        key = ".".join(visible(shortened(str(part))) for part in mistake["loc"])
        where = f"{path}: {key}" if key else path
        raise BatchError(f"{where}: {mistake['msg']}; write the batch again") from None
    except NotDeliveredError as error:
        raise BatchError(f"{error}; write the batch again") from None
    except ValueError as error:
        raise BatchError(f"{path}: cannot be read as a manifest: {error}; write the batch again") from None
    for name in manifest.files:
        if not is_plain(name):
            raise BatchError(f"{path}: files: {shortened(name)!r} is not a plain file name; write the batch again")
    return manifest, content


def is_plain(name: str) -> bool:
    """Whether a name can only be that of a file of the batch itself, other than its manifest."""
    if not name or name.startswith(".") or name == MANIFEST:
        return False
    return name == PurePosixPath(name).name and is_printable(name, 255) and "\\" not in name


def is_printable(name: str, longest: int) -> bool:
    """Whether a name can be shown as it is, in so many bytes at most."""
    return name.isprintable() and len(os.fsencode(name)) <= longest
