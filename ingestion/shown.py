"""Text of others as it may be shown: what it holds is seen, and nothing of it acts.

Here: control characters made visible, and names in commands that people copy. Not here: terminals (``orchestration``),
and pages (``reports``).
"""

from __future__ import annotations

import json
import os
import shlex

_SHOWN = 100


def visible(text: str) -> str:
    """The text in one line, with control and other invisible characters escaped as in JSON."""
    return text if text.isprintable() else "".join(map(_escaped, text))


def shortened(text: str) -> str:
    """The text, cut to the length that a message can show."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":  # how Python represents a byte that is not UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return json.dumps(character)[1:-1]


def shell_word(name: str) -> str:
    """A name as one word of a shell, to be copied: quoted where needed, control characters spelled as bytes."""
    if name.isprintable():
        return shlex.quote(name)
    spelled = "".join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in "'\\" else f"\\x{byte:02x}"
        for byte in os.fsencode(name)  # a name that is not UTF-8 keeps its bytes
    )
    return f"$'{spelled}'"


def command(verb: str, *names: str, option: str = "") -> str:
    """A `causerie` command with these names as arguments, to be copied. ``option``: is not quoted."""
    words = [shell_word(name) for name in names]
    if any(name.startswith("-") for name in names):  # no option
        return " ".join(filter(None, ["causerie", verb, option, "--", *words]))
    return " ".join(filter(None, ["causerie", verb, *words, option]))
