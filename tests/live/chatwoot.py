"""A Chatwoot in the tests: a world that lives, served over HTTP, and the same as batches of an `export` source.

    world = random_world(seed=1)
    history = []
    with serve(world, faults=by_chance(seed=1)) as server:
        for day in world.days:
            world.advance_to(day)
            history.append(world.picture())
            ...                                     # have the connector read server.url with TOKEN
    for batch in to_export(history):
        batch.write(tmp_path / "drop")              # the marts of this drop are what the connector has to give

Here: the names that tests use. Not here: anything else; each module beside this one says what it does.
"""

from tests.live.chatwoot_api import HEADERS, TOKEN, Api, moving, serve
from tests.live.chatwoot_export import Batch, to_export
from tests.live.chatwoot_story import random_world, restless
from tests.live.chatwoot_world import ACTIVITIES, START, Picture, World
from tests.live.server import Fault, Faults, Server, by_chance

__all__ = [
    "ACTIVITIES",
    "HEADERS",
    "START",
    "TOKEN",
    "Api",
    "Batch",
    "Fault",
    "Faults",
    "Picture",
    "Server",
    "World",
    "by_chance",
    "moving",
    "random_world",
    "restless",
    "serve",
    "to_export",
]
