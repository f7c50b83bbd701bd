from __future__ import annotations

import re
from datetime import date
from string import Formatter

import pytest

from expectations.marts import MARTS
from reports.pages import charts
from reports.pages.address import CLOCKS, GRAINS, STATISTICS
from reports.pages.formats import FIXED, FRENCH
from reports.pages.measures import MEASURES, NARROWED, STANDING
from reports.pages.presets import PRESETS
from reports.pages.rendering import STATIC
from reports.pages.routes import PAGES, details, flows, groups, overview, targets
from reports.pages.routes.headlines import counted_text
from reports.pages.texts import DEFAULT, LANGUAGES, chosen
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
        *MEASURES, *groups.RANKED, *groups.SORTED, *details.SHOWN_OPEN, *details.FACTS, *details.INSTANTS,
        *details.IF_ANY, *overview.TRENDS, *overview.SUMMARY, *(name for name, _ in (NARROWED | STANDING).values()),
        *(group.column for group in (*groups.GROUPS.values(), targets.WHOLE, flows.GROUP)),
    }  # fmt: skip
    keys = {f"column.{column}" for column in columns}
    keys |= {f"period.{preset}" for preset in PRESETS} | {f"{field}.{word}" for field in WORDS for word in WORDS[field]}
    keys |= {f"grain.{grain}" for grain in GRAINS} | {f"page.{page}" for page in PAGES}
    keys |= {f"filter.{field}" for field in (*LISTS, *WORDS)} | {f"filter.{field}.help" for field in LISTS}
    keys |= {f"clock.{clock}" for clock in CLOCKS} | {f"statistic.{statistic}" for statistic in STATISTICS}
    keys |= {f"sources.{source}" for source in overview.SOURCES} | {f"{field}.{value}" for field, value in SPECIAL}
    keys |= {"period.custom", "state.unreadable.older", "state.unreadable.other"}
    keys |= {f"definition.{column}" for column in ("share_of_conversations", "waiting_over_1d", *targets.BEHIND)}
    keys |= {f"judged.{word}" for word in ("better", "worse")}
    counted = {measure.count for measure in MEASURES.values() if measure.count} - {"surveys"} | {"distinct_contacts"}
    return keys | {counted_text(column) for column in counted}


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
    left -= {f"groups.{name}" for name in PAGES}  # where there is something to note
    left = {key for key in left if not key.startswith("warning.")}  # by what the audit measures
    assert not {key for key in left if key.removesuffix(".todo") not in words}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_definition_that_pages_show_is_translated_and_no_translation_is_stale(language: str) -> None:
    named = LANGUAGES[DEFAULT].texts
    shown = {comment for mart in MARTS for column, comment in comments(mart).items() if f"column.{column}" in named}
    assert len(shown) > 70
    translated = LANGUAGES[language].definitions.keys()
    assert shown - translated == set(), f"translate these in definitions_{language}"
    assert translated - shown == set(), "no page shows these any more, or dbt says them otherwise now"


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
    assert chosen(asked, locale).language == language


def test_french_is_typeset() -> None:
    texts = [*LANGUAGES["fr"].texts.values(), *LANGUAGES["fr"].definitions.values()]
    assert not [text for text in texts if "'" in text or re.search(r" [:;?!»%]|« ", text)]
    assert LANGUAGES["fr"].texts["state.failed.todo"].startswith(f"La requête a échoué{FIXED}; le journal")
    assert FRENCH.day(date(2026, 11, 1)) == "1er nov. 2026" and FRENCH.day(date(2026, 11, 11)) == "11 nov. 2026"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_counted_has_one_part_for_one_and_one_for_others(language: str) -> None:
    counted = {key for key, text in LANGUAGES[DEFAULT].texts.items() if "|" in text}
    assert counted == {key for key, text in LANGUAGES[language].texts.items() if text.count("|") == 1}
    for key in counted:
        assert all("{count}" in part for part in LANGUAGES[language].texts[key].split("|")), key


def test_languages_call_themselves_and_the_units_of_axes_by_name() -> None:
    assert [language.name for language in LANGUAGES.values()] == ["English", "Français"]
    assert [FRENCH.unit(unit) for unit, *_ in charts.UNITS] == ["jours", "heures", "minutes", "secondes"]


def test_french_counts_zero_as_one() -> None:
    assert LANGUAGES["fr"].plural("details.count", 0, "0") == "0 conversation"
    assert LANGUAGES["en"].plural("details.count", 0, "0") == "0 conversations"
