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
class Texts:
    """The words of one language.

    ``texts`` by key, parts in braces are filled in; ``definitions`` by the English one, which the release has.
    """

    language: str
    texts: Mapping[str, str]
    formats: Formats
    definitions: Mapping[str, str]

    @property
    def name(self) -> str:
        """The language, as those who speak it call it."""
        return str(self.formats.locale.language_name).capitalize()

    def __call__(self, key: str, /, **parts: object) -> str:
        """The text of a key.

        Raises:
            KeyError: there is no such text.
        """
        return self.texts[key].format(**parts) if parts else self.texts[key]

    def __contains__(self, key: str) -> bool:
        return key in self.texts

    def plural(self, key: str, count: int | None, shown: str) -> str:
        """A text with a number: its part for one, or the other one, behind the bar."""
        one, many = self(key).split("|")
        return (one if self.formats.locale.plural_form(count or 0) == "one" else many).format(count=shown)

    def word(self, field: str, value: str) -> str:
        """The name of a filter's value: words that causerie gives have one, others are data."""
        return self.texts.get(f"{field}.{value}", value)

    def definition(self, english: str) -> str:
        """What a column means: the translation of the release's English definition, if there is one of this wording."""
        return self.definitions.get(english, english)


LANGUAGES = {
    "en": Texts("en", en.TEXTS, ENGLISH, {}),
    "fr": Texts("fr", _typeset(fr.TEXTS), FRENCH, _typeset(definitions_fr.FRENCH)),
}
"""By their name in an address."""


def chosen(asked: str | None, accepted: str | None) -> Texts:
    """The language of a reader: the one asked for, else the first of the browser's that there is, else English."""
    spoken = [one.split(";")[0].strip().replace("_", "-").split("-")[0].lower() for one in (accepted or "").split(",")]
    return next(LANGUAGES[one] for one in (asked, *spoken, DEFAULT) if one in LANGUAGES)
