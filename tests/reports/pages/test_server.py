from __future__ import annotations

import socket
from pathlib import Path
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from orchestration.cli.commands.serve import serve
from reports.pages import server
from tests.browser.serving import served
from tests.drops import write_config


def test_a_server_of_this_machine_answers_to_its_own_names_and_those_of_the_proxy() -> None:
    assert server.hosts_of("127.0.0.1") == ["127.0.0.1", "::1", "[::1]", "localhost"]
    assert "reports.example.org" in server.hosts_of("127.0.0.1", ["reports.example.org"])
    assert server.hosts_of("0.0.0.0") == ["*"]
    assert server.hosts_of("0.0.0.0", ["reports.example.org"]) == ["reports.example.org"]


def test_a_port_that_is_taken_is_reported(tmp_path: Path) -> None:
    config_file = write_config(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(serve, ["--config", str(config_file), "--no-browser", "--port", port])
    assert result.exit_code == 2
    assert "choose others with --host and --port" in result.output
    with pytest.raises(OSError):
        server.serve(tmp_path / "current.duckdb", "192.0.2.1", 8501)  # an address that is not of this machine


@pytest.mark.builds
def test_the_command_serves_the_pages(tmp_path: Path) -> None:
    with served(write_config(tmp_path), tmp_path / "log") as address, urlopen(f"{address}/healthz") as answer:
        assert answer.status == 200
        assert "server" not in {name.lower() for name in answer.headers}
