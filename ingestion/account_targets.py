"""``[[accounts.targets]]`` of the configuration: within how long an account wants to respond, reply and resolve.

Here: the keys of a target, and their validation. Not here: the rest of an account (``settings``), and which
conversations met their targets (``dbt_project/models/intermediate/targets``). Places where a release is published are
targets of another kind (``target_settings``).
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def _duration(value: object) -> object:
    """'30m' as seconds."""
    match = re.fullmatch(r"(\d{1,9})([smhd])", value.strip(), re.ASCII) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"'{value}' is not a duration; write a whole number and s, m, h or d, such as '30m' or '2d'")
    if int(match[1]) == 0:
        raise ValueError(f"'{value}' leaves no time at all; write at least '1s'")
    return int(match[1]) * _SECONDS[match[2]]


def _values(value: object) -> object:
    if value == []:
        raise ValueError("an empty list matches no conversation; name some, or remove the key to match every one")
    return value


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Values = Annotated[list[Name], BeforeValidator(_values)]


class Target(BaseModel):
    """Conversations that match every list shall have the measure within a time.

    ``within``: in seconds. A later ``valid_from`` of one name replaces an earlier one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    measure: Literal["first_response", "reply", "resolution"]
    within: Annotated[int, BeforeValidator(_duration)]
    counted_in: Literal["working_hours", "all"] = Field(default="all", alias="in")
    teams: Values = []
    channels: Values = []
    tags: Values = []
    valid_from: date | None = None

    @property
    def scope(self) -> list[tuple[str, str]]:
        """What a conversation must have: of each trait that is named, any value."""
        named = {"team": self.teams, "channel": self.channels, "tag": self.tags}
        return [(trait, value) for trait, values in named.items() for value in dict.fromkeys(values)]
