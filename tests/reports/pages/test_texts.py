from __future__ import annotations

import re
from datetime import date
from string import Formatter

import pytest

from expectations.marts import MARTS
from reports.pages import charts, headlines, queries, timeline
from reports.pages.address import CLOCKS, GRAINS, STATISTICS
from reports.pages.formats import FIXED, FRENCH
from reports.pages.measures import MEASURES
from reports.pages.narrowing import NARROWED
from reports.pages.presets import PRESETS
from reports.pages.rendering import STATIC
from reports.pages.routes import PAGES, details, downloads, groups, overview
from reports.pages.texts import DEFAULT, LANGUAGES, Texts, chosen
from reports.queries import LISTS, WORDS
from tests.reports.pages.documentation import comments

TRANSLATED = [language for language in LANGUAGES if language != DEFAULT]


@pytest.mark.parametrize("language", TRANSLATED)
def test_catalogues_have_the_same_texts_with_the_same_parts(language: str) -> None:
    english, translated = LANGUAGES[DEFAULT].texts, LANGUAGES[language].texts
    assert english.keys() == translated.keys()
    for key, text in english.items():
        assert _parts(text) == _parts(translated[key]), key
        assert translated[key].strip(), key


def _parts(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def _looked_up_by_name() -> set[str]:
    columns = {
        *MEASURES, *groups.RANKED, *groups.SORTED, *details.SHOWN, *queries.SORTABLE, *details.FACTS,
        *overview.TRENDS, *overview.SUMMARY, "name",
    }  # fmt: skip
    keys = {f"column.{column}" for column in columns}
    keys |= {f"period.{preset}" for preset in PRESETS} | {f"{field}.{word}" for field in WORDS for word in WORDS[field]}
    keys |= {f"grain.{grain}" for grain in GRAINS} | {f"event.{column}" for column in timeline.INSTANTS}
    keys |= {f"language.{language}" for language in LANGUAGES}
    keys |= {f"page.{page}" for page in PAGES} | {f"only.{only}" for only in NARROWED}
    keys |= {f"filter.{field}" for field in (*LISTS, *WORDS)} | {f"filter.{field}.help" for field in LISTS}
    keys |= {f"clock.{clock}" for clock in CLOCKS} | {f"statistic.{statistic}" for statistic in STATISTICS}
    keys |= {f"groups.{name}{part}" for name in groups.GROUPS for part in ("", ".note")}
    keys |= {f"statuses.{status}" for status in ("new", "in_flow", "in_progress", "closed", "other")}
    keys |= {f"chart.unit.{unit}" for unit, *_ in charts.UNITS} | {f"sources.{source}" for source in overview.SOURCES}
    keys |= {f"{field}.{value}" for field, value in SPECIAL}
    keys |= {
        "period.custom",
        "state.unreadable.older",
        "state.unreadable.other",
        "definition.share_of_conversations",
    } | {f"judged.{word}" for word in ("better", "worse")}
    counted = {measure.count for measure in MEASURES.values() if measure.count} - {"surveys"} | {"distinct_contacts"}
    keys |= {f"{headlines._counted(column)}.{number}" for column in counted for number in ("one", "many")}
    return keys | {f"table.{shape}" for shape in downloads.TYPES}


SPECIAL = (
    *(("teams", "(no team)"), ("channels", "(no channel)"), ("conversation_tags", "(untagged)")),
    *(("statuses", status) for status in ("new", "in_flow", "in_progress", "closed", "other")),
)


def test_every_text_that_is_looked_up_by_a_name_is_there() -> None:
    assert _looked_up_by_name() <= LANGUAGES["en"].texts.keys()


def test_no_text_is_left_that_nothing_shows() -> None:
    folders = (STATIC.parent, STATIC.parent.parent / "superset")
    files = [file for folder in folders for kind in ("*.py", "*.html") for file in folder.rglob(kind)]
    code = "".join(file.read_text(encoding="utf-8") for file in files if file.parent.name != "texts")
    words = set(re.findall(r"[\"']([\w.-]+)[\"']", code))
    left = LANGUAGES["en"].texts.keys() - _looked_up_by_name() - words
    left = {key for key in left if not key.startswith("warning.")}  # by what the audit measures
    assert not {key for key in left if re.sub(r"\.(one|many|todo)$", "", key) not in words}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_definition_is_translated_and_no_translation_is_stale(language: str) -> None:
    english = {comment for mart in MARTS for comment in comments(mart).values()}
    translated = LANGUAGES[language].definitions.keys()
    assert english - translated == set(), f"translate these in definitions_{language}"
    assert translated - english == set(), "dbt no longer says these: translate what it says now"


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_keep_the_words_of_the_data(language: str) -> None:
    for english, translated in LANGUAGES[language].definitions.items():
        assert set(re.findall(r"`[^`]+`", english)) <= set(re.findall(r"`[^`]+`", translated)), english


@pytest.mark.parametrize(
    ("asked", "locale", "language"),
    [
        (None, "fr-FR", "fr"),
        (None, "fr_CA", "fr"),
        (None, "de-DE", "en"),
        (None, None, "en"),
        ("en", "fr-FR", "en"),
        ("xx", "fr", "fr"),
        (None, "de, fr-CH;q=0.8, en;q=0.5", "fr"),
    ],
)
def test_the_language_is_the_one_asked_for_else_that_of_the_browser(
    asked: str | None, locale: str | None, language: str
) -> None:
    assert chosen(asked, locale) == language


def test_french_is_typeset() -> None:
    texts = [*LANGUAGES["fr"].texts.values(), *LANGUAGES["fr"].definitions.values()]
    assert not [text for text in texts if "'" in text or re.search(r" [:;?!»%]|« ", text)]
    assert LANGUAGES["fr"].texts["state.failed.todo"].startswith(f"La requête a échoué{FIXED}; le journal")
    assert FRENCH.day(date(2026, 11, 1)) == "1er nov. 2026" and FRENCH.day(date(2026, 11, 11)) == "11 nov. 2026"


def test_french_counts_zero_as_one() -> None:
    assert Texts("fr").plural("details.count", 0, "0") == "0 conversation"
    assert Texts("en").plural("details.count", 0, "0") == "0 conversations"
