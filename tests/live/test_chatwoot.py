"""Chatwoot over HTTP: readings of what is new give what complete ones give, also while the list moves.

Here: what is asked for, and lists that move. Not here: complete readings of a life by chance with all that goes wrong
(`test_chatwoot_life`), stories with figures by hand (`test_chatwoot_stories`).
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.live.chatwoot import Fault, random_world, restless
from tests.live.reading import Home


def repeated(log: list[str]) -> list[str]:
    return [path for path, count in Counter(log).items() if count > 1]


def test_incremental_readings_give_the_same_and_ask_for_little(home: Home) -> None:
    world = random_world(4, conversations=60)
    home.serve(world, events=True)
    world.advance_to(world.days[-1])
    home.run()
    first = len(home.server.log)
    for day in range(4):
        world.wait(days=1)
        for number in list(world.records.conversations)[day : day + 4]:
            world.writes(number, "Once more")
        world.label(world.conversation(world.contact(phone="+33612345678")), "vip")
        home.run(complete=False)
        assert not repeated(home.server.log), "no page is read twice when nothing moves"
        assert len(home.server.log) < first / 2
    assert home.unlike_an_export(events=True) == ""


@pytest.mark.parametrize("seed", [8, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (11, 13))])
def test_the_same_though_the_list_moves_while_it_is_read(home: Home, seed: int) -> None:
    """Conversations jump to the front, come and go between two pages; what is left in the end is all there."""
    world = random_world(seed, conversations=70)
    world.advance_to(world.days[-1])
    move, is_moving = restless(world, seed, share=0.5, most=40), [True]

    def faults(target: str, number: int) -> Fault | None:
        return move(target, number) if is_moving else None

    home.faults = faults
    home.serve(world, events=True)
    before = set(map(str, world.records.conversations))
    assert not home.run().refusals
    there = before & set(map(str, world.records.conversations))
    assert there < before, "else this shows nothing"
    assert there <= home.details().keys(), "none of them is missing after one reading"
    is_moving.clear()
    home.history.clear()
    home.run()
    assert home.unlike_an_export(events=True) == ""
