"""The marts by team and channel, on a case small enough to see: whose names are one, and what follows them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from tests import oracle
from tests.comparison import differences
from tests.drops import conversation, message, write_batch, write_config
from tests.warehouse import build_marts

NAMES = {"one": [" Support ", "Support", "support"], "other": ["Support\u00a0", "", " ", None]}
"""By source, the teams of its conversations."""


def test_one_name_is_one_team_in_all_sources_of_an_account(tmp_path: Path) -> None:
    sources = [{"name": name, "kind": "export", "account": "acme", "path": f"drop/{name}"} for name in NAMES]
    config = write_config(tmp_path, sources=sources)
    for source, teams in NAMES.items():
        rows = {
            "conversations": [
                conversation(f"c{number}", started_at="2026-01-31T09:00:00Z", team=team, channel=team and f"{team}\t")
                for number, team in enumerate(teams)
            ],
            "messages": [message("m1", "c0", sent_at="2026-02-01T09:00:00Z")],
        }
        write_batch(tmp_path / "drop" / source / "b1", rows, "2026-02-02T00:00:00Z")
    found, expected = build_marts(config), oracle.compute(config)
    for group in ("team", "channel"):
        shown = ("period_start", group, "conversations", "messages", "share_of_conversations")
        rows = [tuple(row[name] for name in shown) for row in found[f"by_{group}"] if row["grain"] == "month"]
        assert rows == [
            (date(2026, 1, 1), f"(no {group})", 3, 0, 3 / 7),
            (date(2026, 1, 1), "Support", 3, 0, 3 / 7),
            (date(2026, 1, 1), "support", 1, 0, 1 / 7),
            (date(2026, 2, 1), "Support", 0, 2, None),
        ]
        assert differences(f"by_{group}", expected[f"by_{group}"], found[f"by_{group}"]) == []
