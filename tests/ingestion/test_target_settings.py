"""`[[publish]]`: what is taken as it stands, and what is refused, with which words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ingestion.settings import Settings, SettingsError, load_settings
from ingestion.target_settings import PostgresTarget
from orchestration.dbt.plan import rules_of_builds
from tests.drops import toml, write_config

PAGE = Path(__file__).parents[2] / "docs" / "postgres.md"
TARGET = {"kind": "postgres", "dsn_env": "WAREHOUSE_DSN"}


def load(folder: Path, *targets: dict[str, object], extra: str = "") -> Settings:
    for target in targets:
        extra += "\n[[publish]]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in target.items())
    return load_settings(write_config(folder, extra=extra))


def test_the_configuration_of_the_page(tmp_path: Path) -> None:
    (example, *_) = re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.S | re.M)
    (target,) = load(tmp_path, extra=example).publish
    assert isinstance(target, PostgresTarget)
    assert (target.name, target.views_in, target.reporting_in) == ("postgres", "causerie", "causerie_reporting")


def test_several_targets(tmp_path: Path) -> None:
    settings = load(
        tmp_path, TARGET, {**TARGET, "name": "second", "schema": "other"}, {**TARGET, "name": "third", "dsn_env": "B"}
    )
    assert [target.name for target in settings.publish] == ["postgres", "second", "third"]


def test_a_target_changes_no_figure(tmp_path: Path) -> None:
    assert rules_of_builds(load(tmp_path)) == rules_of_builds(load(tmp_path, TARGET))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "oracle"}, "publish[0].kind: Input should be 'postgres'"),
        ({"dsn_env": "postgresql://u:geheim@h/d"}, "publish[0].dsn_env: "),
        ({"dsn": "postgresql://h/d"}, "publish[0].dsn: unknown key; remove it or correct its spelling"),
        ({"schema": "public"}, "publish[0].schema: 'public' is a schema of others; name one for causerie alone"),
        ({"schema": "pg_catalog"}, "publish[0].schema: 'pg_catalog' is a schema of others"),
        ({"schema": "information_schema"}, "is a schema of others"),
        ({"schema": "Causerie"}, "write it in small letters, digits and '_', 37 at most"),
        ({"schema": 'a"; drop schema b; --'}, "write it in small letters"),
        ({"schema": ""}, "write it in small letters"),
        ({"schema": "a\n"}, "write it in small letters"),
        ({"schema": "é"}, "write it in small letters"),
        ({"schema": "a" * 38}, "37 at most"),
        ({"name": "a b"}, "publish[0].name: "),
        ({"wait_seconds": -1}, "publish[0].wait_seconds: "),
    ],
)
def test_what_is_refused(tmp_path: Path, change: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(words)) as caught:
        load(tmp_path, {**TARGET, **change})
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("second", "words"),
    [
        ({}, "publish: the name 'postgres' occurs 2 times; keep one"),
        ({"name": "again"}, "publish: the schema 'causerie of WAREHOUSE_DSN' occurs 2 times; keep one"),
    ],
)
def test_two_of_the_same(tmp_path: Path, second: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load(tmp_path, TARGET, {**TARGET, **second})
