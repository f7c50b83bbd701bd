"""Ages of sources, in hours of all days or of working days alone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ingestion.freshness import ages
from ingestion.settings import Account, Holiday, Settings, WorkingHours
from ingestion.source_settings import ExportSource
from ingestion.storage.ledger import LEDGER, Entry, Ledger

WEEK = ["mon", "tue", "wed", "thu", "fri"]
NINE_TO_FIVE = "09:00-17:00"
FRIDAY = datetime(2026, 11, 27, 12, tzinfo=UTC)


def settings_of(folder: Path, *, account: dict[str, object] | None = None, **source: object) -> Settings:
    return Settings(
        home=folder,
        accounts=[Account.model_validate({"id": "acme", "timezone": "UTC", **(account or {})})],
        sources=[
            ExportSource.model_validate(
                {"kind": "export", "name": "acme", "account": "acme", "path": folder / "drop", **source}
            )
        ],
    )


def hours(settings: Settings, since: datetime, until: datetime) -> float:
    with Ledger(settings.home / LEDGER) as ledger:
        ledger.record([Entry("acme", "b1", "accepted", since, since)])
    (age,) = ages(settings, until)
    assert age.hours is not None
    return age.hours


def test_a_source_of_which_nothing_was_accepted_is_stale(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    assert [(age.hours, age.is_stale) for age in ages(settings, FRIDAY)] == [(None, True)]
    with Ledger(tmp_path / LEDGER) as ledger:
        ledger.record([Entry("acme", "b1", "refused", FRIDAY, FRIDAY)])
    assert str(ages(settings, FRIDAY)[0]) == "acme: nothing of it was accepted yet"


def test_the_latest_extraction_counts_in_whatever_order_batches_came(tmp_path: Path) -> None:
    at = [datetime(2026, 11, day, tzinfo=UTC) for day in (20, 26, 23)]
    with Ledger(tmp_path / LEDGER) as ledger:
        ledger.record(Entry("acme", f"b{number}", "accepted", one, one) for number, one in enumerate(at))
    (age,) = ages(settings_of(tmp_path), FRIDAY)
    assert (age.data_through, age.hours, age.is_stale) == (at[1], 36, False)


@pytest.mark.parametrize(("limit", "is_stale"), [(None, False), (47.9, True), (48, False)])
def test_a_source_may_have_a_limit_of_its_own(tmp_path: Path, limit: float | None, is_stale: bool) -> None:
    settings = settings_of(tmp_path, stale_after_hours=limit)
    assert hours(settings, datetime(2026, 11, 25, 12, tzinfo=UTC), FRIDAY) == 48
    assert ages(settings, FRIDAY)[0].is_stale is is_stale


def test_a_weekend_does_not_make_older_what_counts_working_days(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, stale_on="working_days")
    monday = datetime(2026, 11, 30, 10, tzinfo=UTC)
    assert hours(settings, FRIDAY, monday) == 12 + 10
    assert hours(settings, FRIDAY, datetime(2026, 11, 29, 10, tzinfo=UTC)) == 12
    assert hours(settings, monday, FRIDAY) == -70


def test_since_when_a_source_is_stale_is_counted_the_same_way(tmp_path: Path) -> None:
    monday = datetime(2026, 11, 30, 10, tzinfo=UTC)
    for stale_on, since, words in (
        ("working_days", datetime(2026, 11, 30, 8, tzinfo=UTC), "22 hours of working days ago (the limit is 20)"),
        ("all_days", datetime(2026, 11, 28, 8, tzinfo=UTC), "70 hours ago (the limit is 20)"),
    ):
        settings = settings_of(tmp_path, stale_on=stale_on, stale_after_hours=20)
        hours(settings, FRIDAY, monday)
        (age,) = ages(settings, monday)
        assert (age.stale_since, age.is_stale) == (since, True)
        assert str(age).endswith(words)
        assert ages(settings, since)[0].stale_since is None


def test_working_days_are_those_of_the_account(tmp_path: Path) -> None:
    account = {
        "working_hours": [
            WorkingHours(days=WEEK, spans=[NINE_TO_FIVE]),
            WorkingHours(valid_from=date(2026, 11, 28), days=["sat"], spans=[NINE_TO_FIVE]),
        ],
        "holidays": [
            Holiday(date=date(2026, 11, 26), spans=[]),
            Holiday(date=date(2026, 11, 29), spans=[NINE_TO_FIVE]),
        ],
    }
    settings = settings_of(tmp_path, account=account, stale_on="working_days")
    # Wednesday and Friday by the first schedule, Saturday by the second, and a Sunday with hours of its own
    assert hours(settings, datetime(2026, 11, 25, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)) == 4 * 24


def test_a_local_day_may_have_23_hours(tmp_path: Path) -> None:
    sundays = [WorkingHours(days=["sun"], spans=[NINE_TO_FIVE])]
    account = {"timezone": "Europe/Paris", "working_hours": sundays}
    settings = settings_of(tmp_path, account=account, stale_on="working_days")
    assert hours(settings, datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC)) == 23
