"""The words of the pages, one catalogue a language.

Here: looking words up. Not here: words (``en``, ``fr``, ``definitions_fr``), nor numbers and dates (``formats``).
"""

from __future__ import annotations

from dataclasses import dataclass

from reports.pages.texts import definitions_fr, en, fr

CATALOGUES = {"en": en.TEXTS, "fr": fr.TEXTS}
"""By language: texts by key. Parts in braces are filled in."""

DEFAULT = "en"


@dataclass(frozen=True)
class Texts:
    """The words of one language."""

    language: str

    def __call__(self, key: str, /, **parts: object) -> str:
        """The text of a key.

        Raises:
            KeyError: there is no such text.
        """
        text = CATALOGUES[self.language][key]
        return text.format(**parts) if parts else text

    def plural(self, key: str, count: int, shown: str) -> str:
        """A text with a number: ``key.one`` or ``key.many``; French counts zero as one."""
        is_one = count == 1 or (self.language == "fr" and count == 0)
        return self(f"{key}.{'one' if is_one else 'many'}", count=shown)

    def definition(self, english: str) -> str:
        """What a column means, as the release says in English; in French its translation while that is up to date."""
        return definitions_fr.FRENCH.get(english, english) if self.language == "fr" else english


def chosen(asked: str | None, locale: str | None) -> str:
    """The language of a reader: the one asked for, else that of the browser if there is a catalogue, else English."""
    if asked in CATALOGUES:
        return str(asked)
    spoken = (locale or "").replace("_", "-").split("-")[0].lower()
    return spoken if spoken in CATALOGUES else DEFAULT
