"""The dashboard of the bundle: cards, charts over time and filters, as the page Overview has them.

Here: which figures stand where, and how Superset draws them. Not here: the figures (``datasets``), files (``bundle``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reports.pages.texts.en import TEXTS
from reports.superset.datasets import Dataset, title

TITLE = "WhatsApp conversations"
VOLUME = (
    *("conversations", "distinct_contacts", "messages", "conversations_answered"),
    *("conversations_unanswered", "conversations_closed", "reopens"),
)
SPEED = (
    *("median_first_response_seconds", "median_first_response_business_seconds", "avg_reply_seconds"),
    *("median_duration_seconds", "median_duration_business_seconds"),
)
SATISFACTION = ("csat_percent", "avg_rating", "ratings", "survey_response_percent")
SUMMARY = (
    *("conversations", "distinct_contacts", "conversations_answered", "conversations_unanswered"),
    *("conversations_closed", "reopens", "messages_per_conversation", "median_first_response_seconds"),
    *("median_first_response_business_seconds", "avg_reply_seconds", "median_duration_seconds"),
    *("avg_rating", "csat_percent", "survey_response_percent"),
)
SOURCES = ("inbound", "inbox", "flow", "other")
_WIDTH = 12
"""Columns of the grid."""
_SHOWN = {"_seconds": ("1000 * ({})", "DURATION"), "_percent": ("({}) / 100", ".1%")}
"""Of figures by the end of their name: the value that Superset has a format for, and the format."""
Uuid = Callable[[str, str], str]


@dataclass(frozen=True)
class Chart:
    """A chart of one dataset. ``by``: what its figures are grouped by. ``options``: what Superset draws it with."""

    name: str
    kind: str
    dataset: Dataset
    metrics: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    height: int = 50
    filters: tuple[Mapping[str, Any], ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def _is_over_time(self) -> bool:
        return self.dataset.time in self.by

    def params(self) -> dict[str, Any]:
        """What Superset keeps of a chart: its form."""
        period = {"subject": self.dataset.time, "operator": "TEMPORAL_RANGE", "comparator": "No filter"}
        filters = [] if self.columns else [period, *self.filters]
        return {
            "viz_type": self.kind,
            "adhoc_filters": [{"clause": "WHERE", "expressionType": "SIMPLE", **one} for one in filters],
            "row_limit": 10_000,
            **({"time_grain_sqla": "P1D"} if self._is_over_time else {}),
            **self.options,
        }

    def query_context(self) -> dict[str, Any]:
        """What Superset asks for it where nobody looks at it, as for a report by mail or through its API."""
        params = self.params()
        grain = params.get("time_grain_sqla")
        columns: list[Any] = [
            {"columnType": "BASE_AXIS", "expressionType": "SQL", "label": one, "sqlExpression": one, "timeGrain": grain}
            if grain and one == self.dataset.time
            else one
            for one in (*self.by, *self.columns)
        ]
        query = {
            "filters": [
                {"col": one["subject"], "op": one["operator"], "val": one.get("comparator")}
                for one in params["adhoc_filters"]
            ],
            "extras": {"having": "", "where": ""},
            "columns": columns,
            "metrics": self.figures() or None,
            "orderby": [[self.dataset.time, not self.options.get("order_desc")]] if self._is_over_time else [],
            "row_limit": params["row_limit"],
        }
        return {
            "datasource": {"id": 0, "type": "table"},
            "force": False,
            "queries": [query],
            "form_data": params,
            "result_format": "json",
            "result_type": "full",
        }

    def figures(self) -> list[Any]:
        """Its metrics."""
        return [_shown(self.dataset, metric) for metric in self.metrics]


def _shown(dataset: Dataset, metric: str) -> Any:
    """A metric, or one of the chart's own made from it, in the unit that Superset has a format for."""
    ending = metric[-8:]
    return _own(_SHOWN[ending][0].format(dataset.sql(metric)), title(metric)) if ending in _SHOWN else metric


def _own(sql: str, label: str) -> dict[str, Any]:
    """A metric of a chart's own."""
    return {
        "expressionType": "SQL",
        "sqlExpression": sql,
        "label": label,
        "hasCustomLabel": True,
        "optionName": f"metric_{label}",
    }


def _format(metric: str) -> str:
    return _SHOWN[metric[-8:]][1] if metric[-8:] in _SHOWN else format_of(metric)


def format_of(metric: str) -> str:
    """How the value of a metric is shown, as it is."""
    if metric.endswith("_percent"):
        return ",.1f"
    return ",.2f" if metric in ("avg_rating", "messages_per_conversation") else ",.0f"


def sections(datasets: Mapping[str, Dataset]) -> Iterator[tuple[str, list[list[Chart]]]]:
    """The rows of charts below each heading."""
    day, details = datasets["overview_day"], datasets["details"]

    def card(metric: str) -> Chart:
        dataset = day if metric == "messages" else details
        options = {"metric": _shown(dataset, metric), "y_axis_format": _format(metric), "header_font_size": 0.3}
        return Chart(title(metric), "big_number_total", dataset, (metric,), height=18, options=options)

    def over_time(kind: str, name: str, dataset: Dataset, *metrics: str) -> Chart:
        options: dict[str, Any] = {
            "x_axis": dataset.time,
            "metrics": [_shown(dataset, metric) for metric in metrics],
            "groupby": [],
            "y_axis_format": _format(metrics[0]),
            "x_axis_time_format": "smart_date",
            "show_legend": len(metrics) > 1,
            "rich_tooltip": True,
            "tooltipTimeFormat": "%Y-%m-%d",
        }
        if kind == "bar":
            options["stack"] = "Stack"
        return Chart(
            f"{name} over time", f"echarts_timeseries_{kind}", dataset, metrics, (dataset.time,), options=options
        )

    def ranking(name: str, column: str, metric: str, *filters: Mapping[str, Any]) -> Chart:
        options = {
            "x_axis": column,
            "metrics": [metric],
            "groupby": [],
            "orientation": "horizontal",
            "y_axis_format": _format(metric),
            "show_value": True,
            "show_legend": False,
            "x_axis_sort_asc": True,
        }
        return Chart(name, "echarts_timeseries_bar", details, (metric,), (column,), filters=filters, options=options)

    yield "Volume", [[card(one) for one in VOLUME[:4]], [card(one) for one in VOLUME[4:]]]
    yield "Speed", [[card(one) for one in SPEED[:3]], [card(one) for one in SPEED[3:]]]
    yield "Satisfaction", [[card(one) for one in SATISFACTION]]
    yield (
        TEXTS["section.over_time"],
        [
            [
                over_time("bar", title("conversations"), day, *(f"conversations_{source}" for source in SOURCES)),
                over_time("bar", title("messages"), day, "messages_inbound", "messages_outbound"),
            ],
            [
                over_time("bar", title("distinct_contacts"), details, "distinct_contacts"),
                over_time("line", title("median_first_response_seconds"), details, "median_first_response_seconds"),
            ],
            [
                over_time("line", title("median_duration_seconds"), details, "median_duration_seconds"),
                over_time("line", title("avg_rating"), day, "avg_rating"),
            ],
        ],
    )
    rated = {"subject": "rating", "operator": "IS NOT NULL"}
    yield (
        "Who and when",
        [
            [
                ranking(TEXTS["section.sources"], "source", "conversations"),
                ranking("Ratings by score", "rating", "ratings", rated),
            ],
            [_traffic(details)],
        ],
    )
    yield "Summary tables", [[_summary(details)], [_release(datasets["release"])]]


def _traffic(details: Dataset) -> Chart:
    options = {
        "x_axis": "started_hour",
        "groupby": "started_weekday",
        "metric": "conversations",
        "sort_x_axis": "alpha_asc",
        "sort_y_axis": "alpha_desc",
        "normalize_across": "heatmap",
        "linear_color_scheme": "blue_white_yellow",
        "y_axis_format": _format("conversations"),
        "show_legend": True,
        "xscale_interval": -1,
        "yscale_interval": -1,
        "left_margin": "auto",
        "bottom_margin": "auto",
        "value_bounds": [None, None],
    }
    by = ("started_hour", "started_weekday")
    return Chart("Conversations by hour and weekday", "heatmap_v2", details, ("conversations",), by, options=options)


def _summary(details: Dataset) -> Chart:
    metrics = [_shown(details, metric) for metric in SUMMARY]
    options = {
        "query_mode": "aggregate",
        "groupby": [details.time],
        "metrics": metrics,
        "all_columns": [],
        "timeseries_limit_metric": _own(f"min({details.time})", "order"),
        "order_desc": True,
        "time_grain_sqla": "P1M",
        "temporal_columns_lookup": {details.time: True},
        "table_timestamp_format": "%Y-%m-%d",
        "show_cell_bars": False,
        "column_config": {
            title(one) if one[-8:] in _SHOWN else one: {"d3NumberFormat": _format(one)} for one in SUMMARY
        },
    }
    return Chart("Summary", "table", details, SUMMARY, (details.time,), options=options)


def _release(release: Dataset) -> Chart:
    columns = tuple(column.name for column in release.columns)
    options = {"query_mode": "raw", "all_columns": list(columns), "table_timestamp_format": "%Y-%m-%d %H:%M:%S"}
    return Chart("The release that this shows", "table", release, columns=columns, height=20, options=options)


def position(rows: Sequence[tuple[str, list[list[Chart]]]], uuid: Uuid) -> dict[str, Any]:
    """Where each chart stands: Superset's tree of the dashboard."""
    tree: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": [], "parents": ["ROOT_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": TITLE}},
    }

    def add(parents: list[str], kind: str, meta: dict[str, Any]) -> str:
        name = f"{kind}-{len(tree)}"
        tree[name] = {"type": kind, "id": name, "children": [], "parents": parents, "meta": meta}
        tree[parents[-1]]["children"].append(name)
        return name

    grid = ["ROOT_ID", "GRID_ID"]
    background = {"background": "BACKGROUND_TRANSPARENT"}
    for heading, of_section in rows:
        add(grid, "HEADER", {"text": heading, "headerSize": "MEDIUM_HEADER", **background})
        for charts in of_section:
            row = add(grid, "ROW", background)
            for chart in charts:
                of_chart = {
                    "chartId": len(tree),
                    "uuid": uuid("chart", chart.name),
                    "sliceName": chart.name,
                    "width": _WIDTH // len(charts),
                    "height": chart.height,
                }
                add([*grid, row], "CHART", of_chart)
    return tree


def native_filters(dataset_uuid: str) -> list[dict[str, Any]]:
    """The filters: account, period, and the grain of charts over time."""

    def one(name: str, kind: str, target: dict[str, Any], **control: Any) -> dict[str, Any]:
        return {
            "id": f"NATIVE_FILTER-{kind}",
            "name": name,
            "filterType": kind,
            "type": "NATIVE_FILTER",
            "targets": [target],
            "controlValues": {"enableEmptyFilter": False, **control},
            "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
            "cascadeParentIds": [],
            "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
        }

    dataset = {"datasetUuid": dataset_uuid}
    account = {**dataset, "column": {"name": "account_id"}}
    weeks = "Weeks are Superset's, from Monday; those of the account are in overview_week."
    return [
        # one after the other, as on the pages: accounts have clocks and scales of their own
        one(TEXTS["filter.account"], "filter_select", account, multiSelect=True, defaultToFirstItem=True)
        | {"requiredFirst": True},
        one(TEXTS["filter.period"], "filter_time", {}),
        one(TEXTS["filter.grain"], "filter_timegrain", dataset) | {"description": weeks},
    ]
