"""Terminals, and logs that are read on one: text of others is shown as it is, and none of it acts.

Here: the console with which every command prints, and a stream for text that others format. Not here: what is printed.
"""

from __future__ import annotations

import io
from typing import IO, Any

from rich.console import Console
from rich.text import Text

from ingestion.shown import visible

WIDTH = 160
"""Columns of a line that does not go to a terminal."""


class Terminal(Console):
    """A console that takes no text for mark-up, emoji names or links, and escapes control characters."""

    def __init__(self, out: IO[str]) -> None:
        super().__init__(file=out, width=None if out.isatty() else WIDTH, markup=False, emoji=False, highlight=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Escape cells, titles and whatever is printed; only line ends stay."""
        return super().render_str(lines(text), **options)

    def say(self, *parts: str | tuple[str, str]) -> None:
        """Print one line, however long: texts, or texts with their style."""
        self.print(one_line(*parts), soft_wrap=True)


def one_line(*parts: str | tuple[str, str]) -> Text:
    """Texts, or texts with their style, as one line."""
    styled = [(part, "") if isinstance(part, str) else part for part in parts]
    return Text.assemble(*((visible(text), style) for text, style in styled))


def lines(text: str) -> str:
    """As :func:`ingestion.shown.visible`, line by line."""
    return "\n".join(map(visible, text.split("\n")))


class Visible(io.StringIO):
    """A stream to a terminal or a log, on which no text of others acts."""

    def __init__(self, out: IO[str]) -> None:
        super().__init__()
        self._out = out

    def write(self, text: str) -> int:
        """Write the text with its control characters escaped."""
        self._out.write("\n".join(visible(line.removesuffix("\r")) for line in text.split("\n")))
        return len(text)

    def flush(self) -> None:
        """Pass everything on."""
        self._out.flush()

    def fileno(self) -> int:
        """The number of the underlying file."""
        return self._out.fileno()
