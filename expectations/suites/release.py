"""What is expected of a build before it becomes a release, frame by frame.

Here: expectations and severities. A failed ``critical`` expectation refuses the build; a failed ``warning`` is
published with it. Not here: how the frames are made (``frames``), the limits that an operator sets (``[quality]``), and
checks of single rows (dbt's tests).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from expectations.grains import GRAINS
from expectations.marts import MARTS
from ingestion.limits import Quality

STATUSES = ["new", "in_flow", "in_progress", "closed", "other"]
SOURCES = ["inbox", "flow", "inbound", "other"]
WORDS = {"status": STATUSES, "source": SOURCES, "times_basis": ["exact", "observed"], "grain": list(GRAINS)}


def suites(limits: Quality) -> dict[str, list[Any]]:
    """The expectations of each frame of ``frames.gather``, by its name."""
    import great_expectations.expectations as gxe
    from great_expectations.expectations.row_conditions import Column

    def between(column: str, low: float | None, high: float | None, why: str, **more: Any) -> Any:
        return gxe.ExpectColumnValuesToBeBetween(column=column, min_value=low, max_value=high, notes=why, **more)

    return {
        "volumes": [
            gxe.ExpectColumnDistinctValuesToContainSet(
                column="mart", value_set=list(MARTS), notes="Each mart is present."
            ),
            between(
                "rows",
                1,
                None,
                "No mart is empty, but for what not everybody has: targets, flows, a complete day.",
                severity="warning",
                row_condition=Column("mart").is_not_in(["by_target", "by_flow", "backlog"]),
            ),
            between(
                "nothing_understood",
                0,
                0,
                "A first release has conversations where rows were delivered; else look at file and column names.",
            ),
            between(
                "lost_share",
                0,
                limits.shrink_share,
                "A mart does not lose a large share of its rows at once.",
                # whoever takes a target out of the configuration means it
                row_condition=(Column("lost_rows") > limits.shrink_rows) & Column("mart").is_not_in(["by_target"]),
            ),
        ],
        "freshness": [
            gxe.ExpectColumnValuesToNotBeNull(
                column="data_through", severity="warning", notes="Each source has delivered something."
            ),
            between("hours_late", None, 0, "Each source delivered recently.", severity="warning"),
            between("hours_old", -1, None, "No source delivered in the future.", severity="warning"),
        ],
        "words": [
            gxe.ExpectColumnValuesToBeInSet(
                column="value",
                value_set=values,
                row_condition=Column("column_name") == column,
                notes=f"{column} has no other values.",
            )
            for column, values in WORDS.items()
        ],
        "dates": [
            between(
                "unreadable",
                0,
                0,
                "Readers' software can hold every date and, on any wall clock, every instant; else mend the record at"
                " its source, or set its batch aside by 'causerie reject'.",
            ),
        ],
        "ranges": [
            between(
                "impossible",
                0,
                0,
                "Percents lie between 0 and 100, shares between 0 and 1, average ratings on the account's scale.",
            ),
        ],
        "ingested": [
            between("quarantined_share", 0, limits.quarantine_share, "Few rows are quarantined.", severity="warning"),
            between("restated_share", 0, limits.restated_share, "Few records are restated.", severity="warning"),
        ],
        "accounting": [
            between("read_off", 0, 0, "The build read each row that was ingested, once."),
            between("lost", 0, 0, "Each row landed is used, superseded, deleted, quarantined, an orphan or set aside."),
            between("orphans", 0, 0, "Each record's conversation has arrived.", severity="warning"),
        ],
    }


Suites = Callable[[Quality], dict[str, list[Any]]]
