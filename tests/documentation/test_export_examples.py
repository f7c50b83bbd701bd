"""The examples of `docs/export-format.md` are accepted as they stand, and give the figures that one reads from them."""

from __future__ import annotations

import re
from pathlib import Path

from ingestion.export_format import ENTITIES
from ingestion.ingest import ingest_sources
from ingestion.manifest_writer import write_manifest
from ingestion.settings import load_settings
from tests.drops import write_config

PAGE = Path(__file__).resolve().parents[2] / "docs" / "export-format.md"


def test_the_examples_are_accepted_without_a_word(tmp_path: Path) -> None:
    examples = dict(re.findall(r"^```csv (\w+\.csv)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.S | re.M))
    assert set(examples) == {f"{entity}.csv" for entity in ENTITIES}
    folder = tmp_path / "drop" / "b1"
    folder.mkdir(parents=True)
    for name, content in examples.items():
        (folder / name).write_text(content, encoding="utf-8")
        named = content.splitlines()[0].split(",")
        assert set(named) <= {column.name for column in ENTITIES[name.removesuffix(".csv")].columns}
    write_manifest(folder)
    (report,) = ingest_sources(load_settings(write_config(tmp_path)), lambda _: None)
    assert (report.warnings, report.refusals) == ([], [])
    (entry,) = report.having("accepted")
    assert {entity: (of.landed, of.quarantined) for entity, of in entry.counts.items()} == {
        entity: (2 if entity == "messages" else 1, 0) for entity in ENTITIES
    }


def test_the_example_of_a_mapping_is_a_configuration(tmp_path: Path) -> None:
    page = PAGE.with_name("your-own-files.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```toml\n(.*?)^```$", page, re.S | re.M)
    config = write_config(tmp_path, sources=[], extra=example)
    (source,) = load_settings(config).sources
    assert list(source.mapped) == ["conversations", "messages", "agents"]
