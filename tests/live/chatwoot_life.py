"""A Chatwoot in the tests: a world that lives, served over HTTP, and the same told as batches of an `export` source.

    world = World.random(seed=1)
    history = []
    with serve(world, faults=random_faults(seed=1)) as server:
        for day in world.days:
            world.advance_to(day)
            history.append(world.picture())
            ...                                     # have the connector read server.url with server.token
    for batch in to_export(history):
        batch.write(tmp_path / "drop")              # the marts of this drop are what the connector has to give

Here: the names that tests use. Not here: anything else; each module beside this one says what it does.
"""

from tests.live.chatwoot_export import Batch, to_export
from tests.live.chatwoot_server import TOKEN, Fault, Request, Served, moving, random_faults, scripted, serve
from tests.live.chatwoot_story import restless
from tests.live.chatwoot_world import ACTIVITIES, START, Picture, World

__all__ = [
    "ACTIVITIES",
    "START",
    "TOKEN",
    "Batch",
    "Fault",
    "Picture",
    "Request",
    "Served",
    "World",
    "moving",
    "random_faults",
    "restless",
    "scripted",
    "serve",
    "to_export",
]
