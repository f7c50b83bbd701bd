"""The reverse proxy of docs/pages.md, tried with a real nginx: its two examples, with addresses of this machine."""

from __future__ import annotations

import base64
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Browser, expect

from reports.pages.app import HEADERS
from reports.pages.texts import LANGUAGES
from tests.browser.conftest import PUBLIC_HOST, NewReader, context_of
from tests.browser.figures import Figures, same_rows, usual
from tests.browser.serving import Home, free_port, served

DOCUMENTED = Path(__file__).parents[2] / "docs" / "pages.md"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
ACCOUNT = "loja"  # of those that grace may see
OWN = {"ignore_https_errors": True}  # the certificate is our own
EN = LANGUAGES["en"]

AROUND = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxied;
    fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u;
    scgi_temp_path {folder}/s;
    upstream pages {{ {servers} }}
    add_header X-Upstream $upstream_addr always;
    {documented}
}}
"""


def documented() -> tuple[list[str], str]:
    """The options of the command, and the configuration of nginx."""
    section = DOCUMENTED.read_text(encoding="utf-8").split("## Behind a reverse proxy")[1]
    command, nginx = re.findall(r"```(?:nginx)?\n(.*?)```", section, re.DOTALL)[:2]
    options = shlex.split(command.replace("\\\n", " "))
    return options[options.index("--base-path") :], nginx


def replaced(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, old
    return text.replace(old, new)


@pytest.fixture(scope="module")
def proxied(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the pages behind nginx, in front of two servers."""
    if NGINX is None or shutil.which("openssl") is None:
        pytest.skip(
            "no `nginx` or no `openssl` on this machine: the documented proxy is not tried"
            " (Debian: apt install nginx-light openssl)"
        )
    folder, port = tmp_path_factory.mktemp("proxy"), free_port()
    options, nginx = documented()
    (folder / "htpasswd").write_text("".join(f"{name}:{{PLAIN}}of {name}\n" for name in ("ada", "grace", "eve")))
    nginx = replaced(nginx, "443 ssl", f"127.0.0.1:{port} ssl")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subject = ("-days", "2", "-subj", f"/CN={PUBLIC_HOST}", "-keyout", key, "-out", certificate)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject], check=True, capture_output=True
    )
    nginx = replaced(
        nginx, "# ssl_certificate, ssl_certificate_key", f"ssl_certificate {certificate}; ssl_certificate_key {key};"
    )
    nginx = replaced(nginx, "/etc/nginx/reports.htpasswd", f"{folder}/htpasswd")
    nginx = replaced(nginx, '"acme,globex"', f'"acme,{ACCOUNT}"')
    nginx = replaced(nginx, "http://127.0.0.1:8501", "http://pages")
    with ExitStack() as stack:
        servers = [
            stack.enter_context(served(home.config, folder / f"log{n}", *options, path="/reports")) for n in (1, 2)
        ]
        listed = " ".join(f"server {address.split('/')[2]};" for address in servers)
        (folder / "nginx.conf").write_text(AROUND.format(folder=folder, servers=listed, documented=nginx))
        process = subprocess.Popen([NGINX, "-p", folder, "-c", folder / "nginx.conf"], stderr=subprocess.PIPE)
        stack.callback(process.wait, timeout=10)
        stack.callback(process.terminate)
        while not (folder / "pid").exists() or not (folder / "pid").read_text():
            assert process.poll() is None and process.stderr, process.stderr and process.stderr.read()
            time.sleep(0.05)  # it tells by this file that it listens
        yield f"https://{PUBLIC_HOST}:{port}/reports"


def logged_in(name: str, **headers: str) -> dict[str, Any]:
    """The options of a browser of a user."""
    return OWN | {"http_credentials": {"username": name, "password": f"of {name}"}, "extra_http_headers": headers}


def ask(browser: Browser, url: str, user: str = "", host: str = PUBLIC_HOST, **headers: str) -> APIResponse:
    """The answer to a request without a page; only the browser finds the public name."""
    if user:
        headers["Authorization"] = f"Basic {base64.b64encode(f'{user}:of {user}'.encode()).decode()}"
    with context_of(browser, **OWN) as context:
        answer = context.request.get(url.replace(PUBLIC_HOST, "127.0.0.1"), headers=headers | {"Host": host})
        answer.body()
        return answer


def test_nobody_sees_anything_without_a_password(proxied: str, browser: Browser) -> None:
    wrong = f"Basic {base64.b64encode(b'ada:wrong').decode()}"
    for path in ("/", "/details", "/download/details.csv", "/release", "/static/pages.js"):
        assert ask(browser, proxied + path, **{"X-Causerie-Account": "*"}).status == 401
        assert ask(browser, proxied + path, **{"Authorization": wrong}).status == 401


def test_a_user_sees_the_accounts_that_the_proxy_names(proxied: str, new_reader: NewReader, figures: Figures) -> None:
    accounts = {"ada": {"*", *(one.account_id for one in figures.accounts())}, "grace": {ACCOUNT}}
    for name, own in accounts.items():
        # what a browser says itself does not count
        with new_reader(proxied, **logged_in(name, **{"X-Causerie-Account": "boulangerie"})) as reader:
            reader.open()
            options = reader.page.locator("#account option").evaluate_all("all => all.map(one => one.value)")
            assert set(options) == own
            reader.open("details", account="boulangerie")
            chosen = "boulangerie" if name == "ada" else ACCOUNT
            expect(reader.page.locator("#account")).to_have_value(chosen)
            assert reader.count() == figures.totals(usual(figures, chosen))["conversations"]
            file, rows = reader.download("details")
            assert file.startswith(f"{chosen}-details-")
            same_rows(rows, figures.csv("details", usual(figures, chosen)))
            reader.click(reader.page.get_by_role("link", name=EN("page.by-agent"), exact=True))
            assert reader.page.url.startswith(f"{proxied}/by-agent?")
            reader.choose("period", "last-90-days")
            expect(reader.page.locator("#chart-lines canvas")).to_be_visible()


def test_a_user_whom_the_proxy_does_not_know_sees_no_account(
    proxied: str, new_reader: NewReader, browser: Browser
) -> None:
    spoofed = {"X-Causerie-Account": "*"}
    with new_reader(proxied, **logged_in("eve", **spoofed)) as reader:
        reader.open()
        expect(reader.page.get_by_role("heading", name=EN("state.no_account_seen"))).to_be_visible()
        assert [error for error in reader.errors if "403" not in error] == []
        reader.errors.clear()
    assert ask(browser, f"{proxied}/download/details.csv", "eve", **spoofed).status == 403


def test_two_servers_behind_it_answer_alike(proxied: str, browser: Browser) -> None:
    answers = [ask(browser, f"{proxied}/?account={ACCOUNT}", "grace") for _ in range(4)]
    assert {answer.status for answer in answers} == {200}
    assert len({answer.headers["x-upstream"] for answer in answers}) == 2
    assert len({answer.headers["etag"] for answer in answers}) == 1
    assert all(HEADERS.items() <= answer.headers.items() for answer in answers)
    tag = answers[0].headers["etag"].removeprefix("W/")
    assert ask(browser, f"{proxied}/?account={ACCOUNT}", "grace", **{"If-None-Match": tag}).status == 304
    # no cache gives one user the page of another
    assert ask(browser, f"{proxied}/?account={ACCOUNT}", "ada", **{"If-None-Match": tag}).status == 200


def test_another_host_name_is_refused(proxied: str, browser: Browser) -> None:
    assert ask(browser, f"{proxied}/", "ada").ok
    assert ask(browser, f"{proxied}/", "ada", host="evil.example").status == 400
