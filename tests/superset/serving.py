"""Apache Superset on this machine, in an environment of its own, and its API.

Here: starting it and asking it. Not here: what is expected of it (``test_superset``).
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
SUPERSET = ROOT / ".venv-superset" / "bin" / "superset"
USER = {"username": "admin", "password": "of-the-tests"}
STARTING = 120
"""Seconds that it may take to answer."""
CONFIGURATION = """
SECRET_KEY = "of the tests, which keep nothing: {folder}"
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/superset.db"
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
DATA_CACHE_CONFIG = {{"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": "{folder}/cache", "CACHE_DEFAULT_TIMEOUT": 86400}}
"""


class Superset:
    """Its API, as its administrator."""

    def __init__(self, base: str) -> None:
        self.base = base
        self._client = httpx.Client(base_url=base, timeout=120)
        token = self.asked("POST", "security/login", json={**USER, "provider": "db"})["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"

    def answer(self, method: str, path: str, **request: Any) -> httpx.Response:
        return self._client.request(method, f"/api/v1/{path}", **request)

    def asked(self, method: str, path: str, **request: Any) -> Any:
        """What it answers, which must be no error."""
        answer = self.answer(method, path, **request)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text[:2000]}"
        return answer.json()

    def listed(self, kind: str) -> list[dict[str, Any]]:
        found = self.asked("GET", f"{kind}/", params={"q": "(page_size:100)"})
        assert found["count"] == len(found["result"])
        return list(found["result"])

    def bring(self, bundle: Path) -> None:
        """Import a bundle over what it brought before."""
        with bundle.open("rb") as file:
            self.asked("POST", "assets/import/", files={"bundle": (bundle.name, file, "application/zip")})

    def rows(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        """The data that one query of a chart gives."""
        (result,) = self.asked("POST", "chart/data", json=query)["result"]
        assert result["error"] is None and result["status"] == "success", result
        return list(result["data"])

    def sql_lab(self, sql: str) -> httpx.Response:
        (database,) = self.listed("database")
        return self.answer("POST", "sqllab/execute/", json={"database_id": database["id"], "sql": sql})


@contextmanager
def running(folder: Path) -> Iterator[Superset]:
    """A fresh Superset, stopped at the end. Its metadata and its log are in the folder."""
    (folder / "superset_config.py").write_text(CONFIGURATION.format(folder=folder), encoding="utf-8")
    surroundings = {
        **{name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")},
        "SUPERSET_CONFIG_PATH": str(folder / "superset_config.py"),
        "SUPERSET_HOME": str(folder),
        "FLASK_APP": "superset",
    }
    user = [f"--{name}={value}" for name, value in {**USER, "firstname": "a", "lastname": "b"}.items()]
    for arguments in (["db", "upgrade"], ["fab", "create-admin", *user, "--email=a@example.org"], ["init"]):
        done = subprocess.run(
            [SUPERSET, *arguments], capture_output=True, text=True, env=surroundings, cwd=folder, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [SUPERSET, "run", "--host=127.0.0.1", f"--port={port}", "--with-threads"]
    with (folder / "log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=surroundings, cwd=folder)
    try:
        base = f"http://127.0.0.1:{port}"
        _wait_for(f"{base}/health", process, folder / "log")
        yield Superset(base)
    finally:
        process.terminate()
        process.wait(timeout=30)
        shutil.rmtree(folder / "cache", ignore_errors=True)


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + STARTING
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        try:
            httpx.get(address, timeout=10).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.2)  # a process that starts cannot tell when it listens
    raise AssertionError(f"no answer in {STARTING} s: {log.read_text(encoding='utf-8')}")
