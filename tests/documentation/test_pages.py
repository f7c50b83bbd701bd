"""The pages of the repository: what they link to and name is there, and what they list is all there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import click
import pytest
import yaml

from ingestion.alert_settings import AnyChannel, TroubleKind
from ingestion.export_format import ENTITIES
from ingestion.settings import Settings
from orchestration.cli.main import main

ROOT = Path(__file__).parents[2]
PAGES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
}
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMED = re.compile(r"`((?:ingestion|dbt_project|expectations|orchestration|reports|tests|benchmarks|docs)/[\w./*-]*)`")


def anchors(text: str) -> set[str]:
    """The headings of a page as links name them."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for link in LINK.findall(PAGES[page]):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (ROOT / page).parent / name if name else ROOT / page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("page", PAGES)
def test_files_that_a_page_names_are_there(page: str) -> None:
    for name in NAMED.findall(PAGES[page]):
        assert list(ROOT.glob(name.rstrip("/"))), name


def test_the_index_lists_every_page() -> None:
    for page in PAGES:
        if page.startswith("docs/decisions/0"):
            assert f"({Path(page).name})" in PAGES["docs/decisions/README.md"], page
        elif page.startswith("docs/") and page.count("/") == 1 and page != "docs/README.md":
            assert f"({Path(page).name})" in PAGES["docs/README.md"], page


def test_the_figures_have_every_published_column() -> None:
    page = PAGES["docs/figures.md"]
    of_durations = re.compile("(first_response_business|first_response|duration_business|duration)(?=_seconds|_count)")
    models = yaml.safe_load((ROOT / "dbt_project/models/marts/_marts__models.yml").read_text(encoding="utf-8"))
    for model in models["models"]:
        for column in (column["name"] for column in model["columns"]):
            if not re.fullmatch("rating_[2-4]", column):  # `rating_1` … `rating_5`
                assert f"`{column}`" in page or f"`{of_durations.sub('M', column)}`" in page, (model["name"], column)


def test_the_export_format_has_every_column() -> None:
    for entity in ENTITIES.values():
        (row,) = re.findall(rf"^\| {entity.name} \| (.+) \|$", PAGES["docs/export-format.md"], re.MULTILINE)
        listed = re.findall(r"`(\w+)`(\*?)", row)
        assert listed == [(column.name, "*" if column.required else "") for column in entity.columns]


def test_the_configuration_has_every_key() -> None:
    page = PAGES["docs/configuration.md"]
    for section in ("privacy", "quality", "releases", "resources", "schedule", "extension", "ping"):
        rows = "".join(re.findall(rf"^\| (`{section}\..+)$", page, re.MULTILINE))
        annotation = Settings.model_fields[section].annotation
        for model in (annotation, *getattr(annotation, "__args__", ())):
            for name in getattr(model, "model_fields", ()):
                assert f"`{name}`" in rows or f"`{section}.{name}`" in rows, (section, name)


def test_alerts_have_every_key_and_kind() -> None:
    page = PAGES["docs/alerts.md"]
    for channel in get_args(get_args(AnyChannel)[0]):
        for name, key in channel.model_fields.items():
            assert f"`{key.alias or name}`" in page, (channel, name)
    for kind in get_args(TroubleKind):
        assert f"| `{kind}` |" in page


def test_operating_has_every_command() -> None:
    assert isinstance(main, click.Group)
    listed = set(re.findall(r"^\| `causerie ([\w-]+)", PAGES["docs/operating.md"], re.MULTILINE))
    assert listed == set(main.list_commands(click.Context(main))) - {"run", "demo"}
