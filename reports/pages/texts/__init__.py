"""The languages of the pages: their words, their definitions of figures, and how they write figures.

Here: the languages, and looking words up. Not here: words (``en``, ``fr``, ``definitions_fr``), nor how numbers and
dates are written (``formats``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from reports.pages.formats import ENGLISH, FIXED, FRENCH, Formats
from reports.pages.texts import definitions_fr, en, fr

DEFAULT = "en"
_SPACES = re.compile(r" (?=[:;?!»%])|(?<=«) ")


def _typeset(texts: Mapping[str, str]) -> dict[str, str]:
    """French as it is printed: curved apostrophes, and spaces at which no line breaks."""
    return {key: _SPACES.sub(FIXED, text.replace("'", "’")) for key, text in texts.items()}


@dataclass(frozen=True)
class Language:
    """``texts`` by key, parts in braces are filled in; ``definitions`` by the English one, which the release has."""

    texts: Mapping[str, str]
    formats: Formats
    definitions: Mapping[str, str]

    @property
    def name(self) -> str:
        """As those who speak it call it."""
        return str(self.formats.locale.language_name).capitalize()


LANGUAGES = {
    "en": Language(en.TEXTS, ENGLISH, {}),
    "fr": Language(_typeset(fr.TEXTS), FRENCH, _typeset(definitions_fr.FRENCH)),
}
"""By their name in an address."""


@dataclass(frozen=True)
class Texts:
    """The words of one language."""

    language: str

    def __call__(self, key: str, /, **parts: object) -> str:
        """The text of a key.

        Raises:
            KeyError: there is no such text.
        """
        text = LANGUAGES[self.language].texts[key]
        return text.format(**parts) if parts else text

    def __contains__(self, key: str) -> bool:
        return key in LANGUAGES[self.language].texts

    @property
    def formats(self) -> Formats:
        """How the language writes figures."""
        return LANGUAGES[self.language].formats

    def plural(self, key: str, count: int | None, shown: str) -> str:
        """A text with a number: its part for one, or the other one, behind the bar."""
        one, many = self(key).split("|")
        return (one if self.formats.locale.plural_form(count or 0) == "one" else many).format(count=shown)

    def word(self, field: str, value: str) -> str:
        """The name of a filter's value: words that causerie gives have one, others are data."""
        key = f"{field}.{value}"
        return self(key) if key in self else value

    def definition(self, english: str) -> str:
        """What a column means: the translation of the release's English definition, if there is one of this wording."""
        return LANGUAGES[self.language].definitions.get(english, english)


def chosen(asked: str | None, accepted: str | None) -> str:
    """The language of a reader: the one asked for, else the first of the browser's that there is, else English."""
    if asked in LANGUAGES:
        return str(asked)
    for spoken in (accepted or "").split(","):
        language = spoken.split(";")[0].strip().replace("_", "-").split("-")[0].lower()
        if language in LANGUAGES:
            return language
    return DEFAULT
