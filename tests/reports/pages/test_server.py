from __future__ import annotations

import socket
from pathlib import Path
from urllib.request import urlopen

import pytest
from click.testing import CliRunner
from streamlit import config, net_util

from orchestration.cli.commands.serve import serve
from reports.pages import server
from tests.browser.serving import served
from tests.drops import write_config


def test_streamlit_knows_every_option() -> None:
    known = config.get_config_options()
    assert [name for name in server.options("127.0.0.1", 8501) if name not in known] == []


def test_no_other_host_learns_anything_and_no_developer_tool_is_shown() -> None:
    options = server.options("127.0.0.1", 8501)
    assert options["browser.gatherUsageStats"] is False
    assert options["server.fileWatcherType"] == "none"
    assert options["server.enableAgentApi"] is False
    assert options["client.toolbarMode"] == "minimal"
    assert options["client.showErrorDetails"] == "none"


def test_a_server_of_this_machine_answers_to_its_own_names_and_those_of_the_proxy() -> None:
    assert server.options("127.0.0.1", 1)["server.allowedHosts"] == ["127.0.0.1", "::1", "localhost"]
    behind = server.options("127.0.0.1", 1, "/reports/", ["reports.example.org"])
    assert "reports.example.org" in behind["server.allowedHosts"]
    assert behind["server.baseUrlPath"] == "reports"
    assert server.options("0.0.0.0", 1)["server.allowedHosts"] == []


def test_no_host_is_asked_for_our_address(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(net_util, "_make_blocking_http_get", lambda url, timeout=5: asked.append(url))
    monkeypatch.setattr(net_util, "_external_ip", None)
    server.ask_no_host_for_our_address()
    assert (net_util.get_external_ip(), asked) == ("", [])


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


def test_no_other_site_frames_a_page_and_no_page_fetches_from_another_host(tmp_path: Path) -> None:
    with served(write_config(tmp_path), tmp_path / "log") as address:
        for path in ("", "details?tag=a", "_stcore/health", "_stcore/host-config"):
            with urlopen(f"{address}/{path}") as answer:
                policy = answer.headers["Content-Security-Policy"].split("; ")
                assert "frame-ancestors 'self'" in policy
                assert "img-src 'self' data: blob:" in policy
                assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "same-origin"
