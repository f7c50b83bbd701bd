"""Views of one grain."""

from __future__ import annotations

from expectations.grains import views_of


def test_a_mart_of_that_name_stands_in_the_place_of_a_view() -> None:
    columns = {"visits": ["grain", "visits"], "visits_month": ["visits"], "people": ["name"]}
    assert views_of(columns) == {
        f"visits_{grain}": f"""select "visits" from "visits" where grain = '{grain}'"""
        for grain in ("day", "week", "quarter")
    }
