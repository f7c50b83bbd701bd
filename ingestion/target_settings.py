"""``[[publish]]`` of the configuration: where else a release can be read, besides its folder.

Here: the keys of each kind of target, and their validation. Not here: the rest of the file (``settings``), and what is
done with a target (``orchestration.postgres``). The connection string is never a key: ``dsn_env`` names the environment
variable that holds it.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ingestion.source_settings import VariableName

_LONGEST = 37
"""PostgreSQL cuts names after 63 bytes; that of a release's own schema is 26 longer."""
_OF_OTHERS = ("public", "information_schema")


def _schema(name: str) -> str:
    if not re.fullmatch("[a-z_][a-z0-9_]*", name) or len(name) > _LONGEST:
        raise ValueError(
            f"'{name}' cannot be the schema: write it in small letters, digits and '_', {_LONGEST} at most"
        )
    if name in _OF_OTHERS or name.startswith("pg_"):
        raise ValueError(f"'{name}' is a schema of others; name one for causerie alone, such as 'causerie'")
    return name


class PostgresTarget(BaseModel):
    """A schema of a PostgreSQL, whose views show the current release.

    ``name``: how messages and Dagster call it. ``wait_seconds``: how long readers in its views are waited for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["postgres"]
    name: str = Field(default="postgres", pattern="^[A-Za-z0-9][A-Za-z0-9_]*$")
    dsn_env: VariableName
    views_in: Annotated[str, AfterValidator(_schema)] = Field(default="causerie", alias="schema")
    wait_seconds: float = Field(default=60, ge=0)

    @property
    def reporting_in(self) -> str:
        """The schema of the views of ``reporting``."""
        return f"{self.views_in}_reporting"
