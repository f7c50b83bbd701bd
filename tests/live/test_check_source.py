"""`causerie check-source` of live systems: what is wrong with all that is asked is said once, with where to mend it."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ingestion.http.client import Client
from ingestion.sources import live
from orchestration.cli.main import main
from tests.drops import write_config
from tests.live import chatwoot
from tests.live.activecampaign import World
from tests.live.activecampaign_api import PATHS
from tests.live.server import Answer, Fault, serve

KINDS = ("chatwoot", "activecampaign")
TOKEN = chatwoot.TOKEN
ACCEPTED = {"chatwoot": chatwoot.HEADERS, "activecampaign": {"Authorization": f"Token {TOKEN}"}}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", TOKEN)
    monkeypatch.setattr(live, "Client", functools.partial(Client, wait=lambda seconds: None))


def answers(kind: str, *, lacking: tuple[str, ...] = ()) -> Answer:
    """A small system; ``lacking``: lists of ActiveCampaign that its interface has not."""
    if kind == "chatwoot":
        shop = chatwoot.World()
        number = shop.conversation(shop.contact(phone="+44 20 7946 0000"))
        shop.writes(number)
        shop.replies(number, shop.agent())
        return chatwoot.Api(shop).answer
    world = World("2026-04-06T07:00:00Z")
    world.member(31, "Iris", "Okafor", "iris@shop.example")
    world.contact("k7", phone="+44 20 7946 0000")
    world.conversation("c7", "k7")
    shown = world.snapshot()

    def answer(path: str, query: dict[str, str]) -> object | None:
        name = next((name for name in PATHS if path == f"/{name}" and name not in lacking), None)
        return None if name is None else getattr(shown, PATHS[name])

    return answer


def checked(folder: Path, kind: str, base_url: str) -> Result:
    source = {"name": "shop", "kind": kind, "account": "acme", "base_url": base_url, "token_env": "SHOP_TOKEN"}
    source |= {"attempts": 2, "requests_per_second": 100_000.0}
    if kind == "chatwoot":
        source["account_id"] = chatwoot.World.account
    config = write_config(folder, accounts=[{"id": "acme", "timezone": "UTC"}], sources=[source])
    return CliRunner().invoke(main, ["check-source", "shop", "--config", str(config)])


def findings(result: Result) -> list[list[str]]:
    """Mark, subject and words of each line."""
    return [line.split(maxsplit=2) for line in result.output.splitlines() if line.startswith("  ")]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_asked_and_with_what_is_shown(tmp_path: Path, kind: str) -> None:
    with serve(answers(kind), ACCEPTED[kind]) as server:
        result = checked(tmp_path, kind, f"{server.url}//")
    assert result.exit_code == 0, result.output
    (access, *others) = findings(result)
    assert access == ["ok", "access", f"{server.url}, with the token in SHOP_TOKEN"]
    assert {"agents", "contacts", "conversations"} <= {subject for _, subject, _ in others} | {"agents"}
    assert TOKEN not in result.output


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_token_is_said_once_with_its_variable(tmp_path: Path, kind: str, status: int) -> None:
    with serve(answers(kind), {}, lambda *_: Fault(status=status, body=b'{"detail": "Invalid token."}')) as server:
        result = checked(tmp_path, kind, server.url)
        assert len(server.log) == 1
    assert result.exit_code == 1
    ((mark, subject, words),) = findings(result)
    assert (mark, subject) == ("missing", "access")
    assert "SHOP_TOKEN" in words
    assert result.output.count("Invalid token.") == 1
    assert TOKEN not in result.output


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "fault",
    [Fault(status=404, body=b"{}"), Fault(body=b"<!doctype html><p>A shop</p>", headers={"Content-Type": "text/html"})],
    ids=["not there", "a page"],
)
def test_a_wrong_address_is_said_once(tmp_path: Path, kind: str, fault: Fault) -> None:
    with serve(answers(kind), {}, lambda *_: fault) as server:
        result = checked(tmp_path, kind, f"{server.url}/wrong")
        assert len(server.log) == 1
    assert result.exit_code == 1
    ((mark, subject, words),) = findings(result)
    assert (mark, subject) == ("missing", "access")
    assert "correct the base_url" in words
    assert "/wrong/" in words


@pytest.mark.parametrize("kind", KINDS)
def test_a_host_that_does_not_answer_is_said_once(tmp_path: Path, kind: str) -> None:
    result = checked(tmp_path, kind, "http://127.0.0.1:9")
    assert result.exit_code == 1
    ((mark, subject, words),) = findings(result)
    assert (mark, subject) == ("missing", "access")
    assert "the connection failed" in words


@pytest.mark.parametrize("kind", KINDS)
def test_a_host_that_ceases_to_answer_is_said_once(tmp_path: Path, kind: str) -> None:
    with serve(answers(kind), ACCEPTED[kind], lambda path, number: Fault(status=502) if number > 1 else None) as server:
        result = checked(tmp_path, kind, server.url)
        assert server.statuses == [200, 502, 502]
    assert result.exit_code == 1
    assert [subject for mark, subject, _ in findings(result) if mark == "missing"] == ["access"]
    assert result.output.count("502") == 1


@pytest.mark.parametrize(
    "token",
    [f" {TOKEN}", f"{TOKEN}\n", f"{TOKEN}\r", f'"{TOKEN}"', f"'{TOKEN}'", f"Token {TOKEN}", f"{TOKEN}\u200b", " "],
)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_taken_from_a_token_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, token: str
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", token)
    with serve(answers(kind), ACCEPTED[kind]) as server:
        result = checked(tmp_path, kind, server.url)
        assert server.log == [], "what is not the token is not sent"
    assert result.exit_code == 1
    ((_, subject, words),) = findings(result)
    assert subject == "access"
    assert "SHOP_TOKEN holds more than a token: blanks, line ends, quotes" in words
    assert TOKEN not in result.output


@pytest.mark.parametrize(
    "base_url", [" http://127.0.0.1:9", "http://127.0.0.1:9/a b", "http://127.0.0.1:9?", "http://127.0.0.1:9/#"]
)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_taken_from_an_address_in_silence(tmp_path: Path, kind: str, base_url: str) -> None:
    result = checked(tmp_path, kind, base_url)
    assert result.exit_code == 2
    assert "sources[0].base_url" in result.output


def lists_missing(result: Result) -> dict[str, str]:
    return {subject: mark for mark, subject, _ in findings(result) if mark != "ok"}


def test_lists_that_an_interface_lacks_cost_names(tmp_path: Path) -> None:
    with serve(answers("activecampaign", lacking=("account-member", "contact")), ACCEPTED["activecampaign"]) as server:
        result = checked(tmp_path, "activecampaign", server.url)
    assert result.exit_code == 0, result.output
    assert lists_missing(result) == {"members": "without", "contacts": "without"}
    assert "without them agents have no names" in result.output


def test_a_right_that_a_token_lacks_is_missing(tmp_path: Path) -> None:
    def denied(path: str, _: int) -> Fault | None:
        return Fault(status=403) if path.startswith("/contact") else None

    with serve(answers("activecampaign"), ACCEPTED["activecampaign"], denied) as server:
        result = checked(tmp_path, "activecampaign", server.url)
    assert result.exit_code == 1
    assert lists_missing(result)["contacts"] == "missing"
