"""Texts of others inside Markdown."""

from __future__ import annotations

import re

import pytest

from reports.pages.markup import code, escaped

LINKS = [
    "https://evil.example/x",
    "HTTP://evil.example",
    "see www.evil.example now",
    "ada@evil.example",
    "x\n\n![x](https://evil.example/x.png)",
    "`` ![x](https://evil.example/x.png)",
    ":smile: a :material/home: b",
    "sold -> bought",
]


@pytest.mark.parametrize("text", LINKS)
def test_what_markdown_would_transform_after_its_escapes_stands_in_code(text: str) -> None:
    shown = escaped(text)
    assert shown == code(text)
    fence = re.match("`+", shown)
    assert fence
    inside = shown[fence.end() : -fence.end()]
    assert fence[0] not in inside.strip().split("`")
    assert not re.search(rf"(?<!`){fence[0]}(?!`)", inside)
    assert "\n" not in shown and "\r" not in shown
    assert inside.strip() == " ".join(text.splitlines()).strip()


@pytest.mark.parametrize(
    "text", ["![x](y.png)", "a *b* _c_ `d`", "1. one", "# top", "&lt;b&gt; <b>", "$x$", "a\r# b", "[a]: b"]
)
def test_other_text_keeps_its_letters_and_loses_its_layout(text: str) -> None:
    shown = escaped(text)
    assert re.sub(r"\\(.)", r"\1", shown) == " ".join(text.splitlines())
    assert not re.search(r"(?<!\\)[*_`\[\]()<>#&$.!]", shown)
