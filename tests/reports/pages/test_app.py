"""Headers, hosts, static files, the base path, and the header of the accounts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reports.pages.app import HEADERS, LOOPBACK, make_app
from reports.pages.rendering import STATIC
from tests.reports.pages.asking import Pages, Publish

ADDRESSES = [
    "/",
    "/details?tag=a",
    "/release",
    "/healthz",
    "/nowhere",
    "/static/pages.js",
    "/download/overview.csv",
    "/download/x.y",
]


@pytest.mark.builds
@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_says_what_a_browser_must_not_do(pages: Pages, address: str) -> None:
    headers = pages.get(address).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["form-action"] == "'self'"
    assert policy["object-src"] == policy["base-uri"] == "'none'"
    assert not {"script-src", "style-src", "img-src", "connect-src"} & policy.keys()
    assert HEADERS.items() <= headers.items() and "unsafe" not in headers["content-security-policy"]
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "set-cookie" not in headers


@pytest.mark.builds
def test_only_its_own_names_are_answered(link: Path) -> None:
    app = make_app(link, hosts=[*LOOPBACK, "reports.example.org"])
    for host, status in {
        "127.0.0.1:8501": 200, "[::1]:8501": 200, "reports.example.org": 200, "evil.example": 400, "": 400,
    }.items():  # fmt: skip
        assert Pages(app, host=host).get("/healthz").status_code == status, host


@pytest.mark.builds
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_pages_are_only_read(pages: Pages, method: str) -> None:
    assert pages.client.request(method, "/").status_code == 405


@pytest.mark.builds
def test_all_stands_below_the_base_path(link: Path) -> None:
    pages = Pages(make_app(link, "/reports/"))
    page = pages.read("/reports/")
    for one in page.html.inside:
        for name in ("src", "href", "action"):
            value = one.attributes.get(name, "")
            assert not value.startswith("/") or value.startswith("/reports/"), value
    assert pages.read(page.html.one("nav", aria_label="Pages").all("a")[-1]["href"]).count
    assert pages.get(page.html.all("script")[0]["src"]).status_code == 200
    assert pages.get("/").status_code == 404


@pytest.mark.builds
def test_static_files_are_kept_by_browsers_and_pages_are_asked_for_again(pages: Pages) -> None:
    page = pages.read("/")
    for script in page.html.all("script"):
        assert "immutable" in pages.get(script["src"]).headers["cache-control"]
        assert re.search(r"\?[0-9a-f]{12}$", script["src"])
    assert page.answer.headers["cache-control"] == "private, no-cache"


def test_what_others_have_written_stands_with_its_licence() -> None:
    for file in STATIC.glob("*.min.js"):
        licence = file.with_name(file.name.split(".umd")[0] + ".LICENSE.md")
        assert "MIT" in licence.read_text(encoding="utf-8")
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"\beval\(|new Function", text)


@pytest.mark.builds
def test_a_first_visit_is_small(pages: Pages) -> None:
    page = pages.read("/")
    files = [one["src"] for one in page.html.all("script")] + [one["href"] for one in page.html.all("link")]
    assert len(page.answer.content) + sum(len(pages.get(address).content) for address in files) < 500_000  # unpacked


@pytest.mark.builds
def test_the_header_of_a_proxy_limits_the_accounts(link: Path) -> None:
    app = make_app(link, account_header="X-Causerie-Account")

    def accounts(**headers: str) -> list[str]:
        page = Pages(app).read("/?account=*", **headers)
        return [option["value"] for option in page.html.one("select", id="account").all("option")]

    assert accounts(**{"x-causerie-account": "*"}) == ["*", "boulangerie", "loja"]
    assert accounts(**{"x-causerie-account": "loja, boulangerie"}) == ["*", "boulangerie", "loja"]
    assert accounts(**{"x-causerie-account": "loja"}) == ["loja"]
    only = Pages(app, **{"x-causerie-account": "loja"})
    assert "boulangerie" not in only.get("/").text
    for address in ("/?account=boulangerie", "/details?account=boulangerie", "/by-tag?account=boulangerie"):
        page = only.read(address)
        assert "account=boulangerie" in page.html.one("p", class_="problem").text
    everything = Pages(app, **{"x-causerie-account": "*"})
    theirs = only.get("/download/details.csv?account=boulangerie&period=all").text
    assert theirs == everything.get("/download/details.csv?account=loja&period=all").text
    key = next(
        one["href"]
        for one in everything.read("/details?account=boulangerie")
        .html.one("table", class_="list")
        .one("tbody")
        .all("a")
    )
    assert "There is no conversation" in only.read(key).text


@pytest.mark.builds
@pytest.mark.parametrize(
    "headers", [[], [("x-causerie-account", "loja"), ("x-causerie-account", "*")], [("x-causerie-account", "")]]
)
def test_without_one_clear_header_nothing_is_seen(link: Path, headers: list[tuple[str, str]]) -> None:
    client = Pages(make_app(link, account_header="X-Causerie-Account")).client
    for address in ("/", "/details", "/download/details.csv"):
        answer = client.get(address, headers=headers)
        assert answer.status_code == 403
        assert "loja" not in answer.text


@pytest.mark.builds
def test_a_cached_answer_is_not_shown_to_somebody_with_other_accounts(link: Path) -> None:
    pages = Pages(make_app(link, account_header="X-Causerie-Account"))
    tag = pages.get("/", **{"x-causerie-account": "loja"}).headers["etag"]
    assert pages.get("/", **{"x-causerie-account": "boulangerie", "if-none-match": tag}).status_code == 200


@pytest.mark.builds
def test_the_header_may_name_accounts_in_any_alphabet(own_link: Path, publish: Publish) -> None:
    publish("second", "update reporting.accounts set account_id = 'épicerie' where account_id = 'loja'")
    client = Pages(make_app(own_link, account_header="X-Causerie-Account")).client
    answer = client.get("/", headers=[(b"x-causerie-account", "épicerie".encode())])
    assert 'value="épicerie"' in answer.text and "boulangerie" not in answer.text


@pytest.mark.builds
@pytest.mark.parametrize("more", ["only=closed", "agent=(unassigned)", "responder=a1", "search=a", "release=first"])
def test_no_part_of_an_address_widens_what_a_header_allows(link: Path, more: str) -> None:
    app = make_app(link, account_header="X-Causerie-Account")
    theirs, all_ = (Pages(app, **{"x-causerie-account": who}) for who in ("loja", "*"))
    for name in ("details", "overview", "by-agent", "by-tag", "traffic", "compare"):
        expected = all_.get(f"/download/{name}.csv?account=loja&period=all&{more}").text
        for account in ("*", "boulangerie", "loja,boulangerie"):
            assert theirs.get(f"/download/{name}.csv?account={account}&period=all&{more}").text == expected
    for path in ("/", "/by-agent", "/by-tag", "/details"):
        assert "boulangerie" not in theirs.get(f"{path}?account=*&period=all&{more}").text
