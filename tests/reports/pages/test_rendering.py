from __future__ import annotations

import pytest

from reports.pages.rendering import _ENVIRONMENT, _marked


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("run `causerie run` now", "run <code>causerie run</code> now"),
        ("<b>`<i>`</b>", "&lt;b&gt;<code>&lt;i&gt;</code>&lt;/b&gt;"),
        ("one ` alone", "one <code> alone</code>"),
    ],
)
def test_backticks_mark_code_and_nothing_else_is_markup(text: str, html: str) -> None:
    assert _marked(text) == html


def test_templates_escape_whatever_they_show_and_miss_nothing_silently() -> None:
    assert _ENVIRONMENT.autoescape is True
    assert _ENVIRONMENT.from_string("{{ x }}").render(x="<b>") == "&lt;b&gt;"
    with pytest.raises(Exception, match="undefined"):
        _ENVIRONMENT.from_string("{{ missing }}").render()


def test_no_template_turns_escaping_off() -> None:
    assert _ENVIRONMENT.loader is not None
    for name in _ENVIRONMENT.list_templates():
        source = _ENVIRONMENT.loader.get_source(_ENVIRONMENT, name)[0]
        assert "|safe" not in source.replace(" ", "") and "autoescape" not in source, name
