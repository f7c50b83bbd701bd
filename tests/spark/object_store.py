"""An object store on this machine, for tests: moto's. Where it is not installed, a test that needs it is skipped.

Here: the server, and a bucket with what it takes to log in. Not here: what is kept in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

WITHOUT = "is not installed: make test-spark"
fsspec = pytest.importorskip("fsspec", reason=f"fsspec {WITHOUT}")
s3fs = pytest.importorskip("s3fs", reason=f"s3fs {WITHOUT}")
moto = pytest.importorskip("moto.server", reason=f"moto[server] {WITHOUT}")

BUCKET = "lake"


@contextmanager
def served() -> Iterator[str]:
    """An object store; its address."""
    server = moto.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@contextmanager
def bucket_of(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty bucket in an object store, which the environment knows how to log in to; the address of a folder."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT"):  # of Amazon's own library, and of Sail's
        monkeypatch.setenv(name, server)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    s3fs.S3FileSystem.clear_instance_cache()
    files = fsspec.filesystem("s3")
    files.mkdir(BUCKET)
    yield f"s3://{BUCKET}/causerie"
    files.rm(BUCKET, recursive=True)
