"""Each kind of source is registered once, with all that the shared code asks of it."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Literal

import pytest

from ingestion.source_kinds import KINDS
from ingestion.source_settings import SECTIONS
from ingestion.sources import Connector, connector_of


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_a_section_entities_and_a_module_that_reads_and_checks(kind: str) -> None:
    connector = connector_of(kind)
    assert KINDS[kind].entities
    for name in ("read", "check"):
        asked = [*inspect.signature(getattr(Connector, name)).parameters][1:]  # after self
        assert [*inspect.signature(getattr(connector, name)).parameters] == asked


def test_the_configuration_accepts_all_kinds_and_no_other() -> None:
    assert [section.model_fields["kind"].annotation for section in SECTIONS] == [Literal[kind] for kind in KINDS]


def test_a_run_without_live_sources_loads_no_http() -> None:
    code = "import sys, ingestion.ingest; from ingestion.sources import connector_of; connector_of('export')"
    code += "; print({'httpx', 'tenacity'} & sys.modules.keys())"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"
