from __future__ import annotations

from dataclasses import fields
from datetime import date
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.pages.address import (
    CLOCKS,
    CUSTOM,
    GRAINS,
    LONGEST,
    NAMES,
    OF_ONE_PAGE,
    STATISTICS,
    YEARS,
    Problem,
    View,
    read,
    write,
)
from reports.pages.measures import NARROWED, STANDING
from reports.pages.presets import PRESETS
from reports.pages.texts import LANGUAGES
from reports.queries import LISTS as FIELDS
from reports.queries import WORDS

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
LISTS = st.lists(TEXTS, unique=True, max_size=4).map(tuple)


@st.composite
def views(draw: st.DrawFn) -> View:
    period = draw(st.sampled_from([*PRESETS, CUSTOM]))
    any_day = st.dates(date(YEARS[0], 1, 1), date(YEARS[1], 12, 31))
    days = sorted(draw(st.tuples(any_day, any_day))) if period == CUSTOM else [None, None]
    weekday = draw(st.none() | st.integers(1, 7))
    at = draw(st.none() | any_day)
    return View(
        account=draw(st.none() | TEXTS),
        period=period,
        first=days[0],
        last=days[1],
        grain=draw(st.sampled_from(GRAINS)),
        statistic=draw(st.sampled_from(STATISTICS)),
        clock=draw(st.sampled_from(CLOCKS)),
        figure=draw(st.just("") | TEXTS),
        heat=draw(st.just("") | TEXTS),
        only=draw(st.sampled_from(["", *NARROWED, *(STANDING if at else ())])),
        at=at,
        responder=draw(st.just("") | TEXTS),
        weekday=weekday,
        hour=draw(st.none() | st.integers(0, 23)) if weekday else None,
        language=draw(st.none() | st.sampled_from(list(LANGUAGES))),
        search=draw(st.just("") | TEXTS),
        sort=draw(TEXTS),
        page=draw(st.integers(1, 10**6)),
        conversation=draw(st.none() | TEXTS),
        **{field: draw(LISTS) for field in FIELDS},
        **{field: draw(st.sampled_from(list(words))) for field, words in WORDS.items()},
    )


def test_every_field_of_a_view_has_a_parameter_of_its_own() -> None:
    assert set(NAMES) == {field.name for field in fields(View)}
    assert len(set(NAMES.values())) == len(NAMES)
    assert set(NAMES) > set(OF_ONE_PAGE)


@given(views())
def test_an_address_gives_back_the_view_that_wrote_it(view: View) -> None:
    query = urlencode(write(view), doseq=True)
    assert read(parse_qs(query, keep_blank_values=True)) == (view, [])


@given(st.dictionaries(st.sampled_from([*"abc", "period", "from", "to", "page", "grain", "tag"]), st.lists(st.text())))
def test_whatever_stands_in_an_address_gives_a_view_that_can_be_written(parameters: dict[str, list[str]]) -> None:
    view, _ = read(parameters)
    assert read(write(view)) == (view, [])


def test_the_usual_view_has_an_empty_address() -> None:
    assert write(View()) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("period", "yesteryear"),
        ("grain", "hour"),
        ("hours", "true"),
        ("lang", "de"),
        ("page", "0"),
        ("page", "-1"),
        ("page", "1; drop table details"),
        ("page", "٣"),
        ("weekday", "8"),
        ("hour", "24"),
        ("only", "true) or (true"),
        ("only", "waiting_for_us"),
        ("at", "2026-02-30"),
        ("at", "20261003T12"),
        ("at", "0001-01-01"),
        ("statistic", "sum"),
        ("time", "night"),
        ("answered", "true"),
        ("from", "2026-02-30"),
    ],
)
def test_a_value_that_cannot_be_used_is_reported_and_left_out(name: str, value: str) -> None:
    view, problems = read({name: [value]})
    assert view == View()
    assert problems == [Problem(name, value)]


@pytest.mark.parametrize(
    "parameters",
    [
        {"period": ["custom"], "from": ["2026-01-01"]},
        {"from": ["2026-01-02"], "to": ["2026-01-01"]},
    ],
)
def test_half_a_range_or_one_against_time_is_reported(parameters: dict[str, list[str]]) -> None:
    view, problems = read(parameters)
    assert view == View()
    assert [problem.parameter for problem in problems] == ["from … to"]


def test_days_without_a_period_are_a_custom_one() -> None:
    view, problems = read({"from": ["2026-01-01"], "to": ["2026-01-31"]})
    assert (view.period, view.first, view.last) == (CUSTOM, date(2026, 1, 1), date(2026, 1, 31))
    assert not problems


def test_a_long_value_is_cut() -> None:
    view, _ = read({"search": ["x" * 100_000]})
    assert len(view.search) == LONGEST


def test_from_page_to_page_only_filters_are_kept() -> None:
    view = View(account="a", agents=("1",), statistic="p90", search="x", sort="rating", page=3, conversation="s/1")
    assert view.kept() == View(account="a", agents=("1",), statistic="p90")
