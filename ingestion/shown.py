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
    """With what does not show, and could act on a terminal, escaped as JSON escapes it: in one line, too."""
    return text if text.isprintable() else "".join(map(_escaped, text))


def shortened(text: str) -> str:
    """With no more of it than a message can show."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":  # as the system gives a byte that is no UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return json.dumps(character)[1:-1]


def shell_word(name: str) -> str:
    """A name as one word of a shell, to be copied: quoted where it has to be, spelled by bytes where it would act."""
    if name.isprintable():
        return shlex.quote(name)
    spelled = "".join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in "'\\" else f"\\x{byte:02x}"
        for byte in os.fsencode(name)  # a name that is no UTF-8 keeps its bytes
    )
    return f"$'{spelled}'"


def command(verb: str, *names: str, option: str = "") -> str:
    """A `causerie` command about things of these names, to be copied. ``option``: ours, as it stands."""
    words = [shell_word(name) for name in names]
    if any(name.startswith("-") for name in names):  # no option
        return " ".join(filter(None, ["causerie", verb, option, "--", *words]))
    return " ".join(filter(None, ["causerie", verb, *words, option]))
