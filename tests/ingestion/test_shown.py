"""Names from outside in what people read and copy."""

from __future__ import annotations

import os
import subprocess

import pytest

from ingestion.shown import command, shell_word, visible

NAMES = [
    "b1",
    "two words",
    "it's",
    "$(touch x); `id` & rm -rf * > out",
    "\x1b[2J\rdone\x07",
    "line\nbreak",
    "invoice\u202egpj.exe",
    "back\\slash '\x1b'",
    "--help",
    os.fsdecode(b"caf\xe9"),
]


@pytest.mark.builds
@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_copied_into_a_shell_arrives_as_it_is(name: str) -> None:
    line = command("accept", "drop", name, option="--reason ...")
    assert line.isprintable()
    shell = 'causerie() { printf "%s\\0" "$@"; }; ' + line
    arrived = subprocess.run(["bash", "-c", shell], capture_output=True, check=True).stdout.split(b"\0")[:-1]
    assert os.fsencode(name) in arrived
    assert len(arrived) == 5 + (name.startswith("-"))


def test_a_plain_name_is_copied_plainly() -> None:
    assert (
        command("reject", "drop", "2026-01-05", option="--reason ...") == "causerie reject drop 2026-01-05 --reason ..."
    )
    assert command("accept", "drop", "-x", option="--reason ...") == "causerie accept --reason ... -- drop -x"
    assert shell_word("a b") == "'a b'"


def test_what_would_act_or_hide_is_seen() -> None:
    assert visible("Zoé 🙂 \x1b[31m\r\n\x07\u202e\x9b") == "Zoé 🙂 \\u001b[31m\\r\\n\\u0007\\u202e\\u009b"
